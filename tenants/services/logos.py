"""A company's logo: a picture that people hand in, or an address on the open internet.

The provider takes an address (`logoUrl`, in the nested body `logo`; contract wire.md 9) and nobody has seen it take bytes. So an
uploaded picture stays here, for what we print ourselves, and only a given address is sent.

A picture is judged by its content, never by its name: PNG or JPEG, so many bytes and pixels at most, both known before anything
is unpacked. What is kept is drawn anew from the pixels alone, without whatever else the file carried.
"""

import io
import struct
import uuid
import zlib
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.core.files.base import ContentFile
from django.db import transaction
from PIL import Image, ImageOps

from cifras.fiscal.errors import RuleBroken, gettext_noop
from cifras.pac.download import FileError, FilePolicy, FileRefused, fetch
from tenants.models import Tenant

LARGEST_BYTES = 1024 * 1024
MOST_PIXELS = 16_000_000
LONGEST_SIDE = 800

_FORMATS = ("PNG", "JPEG")
_UNREADABLE = (
    OSError,
    ValueError,
    SyntaxError,
    EOFError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
)
_INWARD = frozenset({"address", "malformed"})


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture that is fit to be kept; `extension` is png or jpg."""

    content: bytes
    extension: str


def clean_picture(content: bytes) -> Picture:
    """The picture drawn anew. Raises RuleBroken: logo_too_large, logo_not_picture, logo_too_many_pixels."""
    if len(content) > LARGEST_BYTES:
        raise RuleBroken(
            "logo_too_large",
            gettext_noop("El logo pasa de {limit} KiB: suba uno más liviano."),
            "logo",
            limit=LARGEST_BYTES // 1024,
        )
    try:
        with Image.open(io.BytesIO(content), formats=_FORMATS) as picture:
            _require_small(picture)
            return _drawn_anew(picture)
    except _UNREADABLE:
        raise RuleBroken(
            "logo_not_picture",
            gettext_noop("El archivo del logo no es una imagen PNG o JPEG que se pueda leer."),
            "logo",
        ) from None


def keep_logo(tenant: Tenant, picture: Picture | None) -> None:
    """Make `picture` the tenant's logo (None: it has none any more), in the caller's transaction."""
    before, storage = tenant.logo.name, tenant.logo.storage
    if picture:
        name = f"logos/{tenant.uid}/{uuid.uuid4().hex}.{picture.extension}"
        tenant.logo.save(name, ContentFile(picture.content), save=False)
    else:
        tenant.logo = ""
    if before:
        transaction.on_commit(lambda: storage.delete(before), robust=True)


def look_at_address(url: str) -> RuleBroken | None:
    """Fetch the logo to see whether a provider could; the answer is a warning, or None when all is well.

    Raises RuleBroken (logo_url_private) where the address leads into a network that is not the open internet.
    """
    host = urlsplit(url).hostname or ""
    policy = FilePolicy((host,), max_bytes=LARGEST_BYTES, connect_seconds=3, read_seconds=4, total_seconds=8)
    try:
        clean_picture(fetch(url, policy=policy).content)
    except FileError as error:
        if isinstance(error, FileRefused) and error.reason in _INWARD:
            raise RuleBroken(
                "logo_url_private",
                gettext_noop(
                    "La dirección del logo lleva a una red interna o está mal escrita: tiene que ser pública."
                ),
                "logo_url",
            ) from error
        return RuleBroken(
            "logo_url_unreachable",
            gettext_noop("No se pudo abrir el logo en {host}: revise la dirección. No impide seguir."),
            "logo_url",
            host=host[:100],
        )
    except RuleBroken:
        return RuleBroken(
            "logo_url_not_picture",
            gettext_noop(
                "En la dirección del logo no hay una imagen PNG o JPEG: revísela. No impide seguir."
            ),
            "logo_url",
        )
    return None


def _require_small(picture: Image.Image) -> None:
    """By what the header says, before the pixels are unpacked."""
    width, height = picture.size
    if width * height > MOST_PIXELS:
        raise RuleBroken(
            "logo_too_many_pixels",
            gettext_noop("El logo mide {width} × {height} píxeles: suba uno más pequeño."),
            "logo",
            width=width,
            height=height,
        )


def _drawn_anew(picture: Image.Image) -> Picture:
    is_jpeg = picture.format == "JPEG"
    upright = ImageOps.exif_transpose(picture).convert("RGB" if is_jpeg else "RGBA")
    upright.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    bare = Image.new(upright.mode, upright.size)  # a copy would carry colour profiles, comments and the like
    bare.paste(upright)
    written = io.BytesIO()
    if is_jpeg:
        bare.save(written, "JPEG", quality=90)
    else:
        bare.save(written, "PNG", optimize=True)
    return Picture(written.getvalue(), "jpg" if is_jpeg else "png")
