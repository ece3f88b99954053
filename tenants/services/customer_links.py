"""The link that a customer gets: the company's affiliation code on a page to be read, for a few days, without signing in.

The token is signed and tells when it was made; nothing is stored, so a fresh link leaves the older ones as they are. Whoever
holds it sees the company's name and the code, and nothing of the staff's.
"""

import re
import uuid
from datetime import timedelta

import segno
from django.core import signing
from django.urls import reverse

from tenants.models import Onboarding, Tenant

LASTS = timedelta(days=7)

_SALT = "tenants.customer_links"
_LONGEST_TOKEN = 200
# Some providers may hand out the picture itself instead of the text to draw.
_PICTURE = re.compile(r"data:image/(?:png|gif|jpeg);base64,[A-Za-z0-9+/]+={0,2}")


class LinkUnknown(Exception):
    """No link of ours, or one that was tampered with."""


class LinkExpired(Exception):
    """A link of ours whose days are over, or whose company was closed."""


def customer_path(onboarding: Onboarding) -> str:
    """The path of a fresh link to the company's code; it lasts `LASTS`."""
    token = signing.dumps(onboarding.uid.hex, salt=_SALT)
    return reverse("tenants:customer_qr", args=[token])


def onboarding_of(token: str) -> Onboarding:
    """The onboarding that a link is about. Raises LinkUnknown, LinkExpired."""
    if len(token) > _LONGEST_TOKEN:
        raise LinkUnknown
    try:
        uid = uuid.UUID(hex=signing.loads(token, salt=_SALT, max_age=LASTS))
    except signing.SignatureExpired:
        raise LinkExpired from None
    except (signing.BadSignature, ValueError, TypeError, AttributeError):
        raise LinkUnknown from None
    onboarding = Onboarding.objects.select_related("tenant").filter(uid=uid).first()
    if onboarding is None:
        raise LinkUnknown
    if onboarding.tenant.state == Tenant.State.CLOSED:
        raise LinkExpired
    return onboarding


def code_image(onboarding: Onboarding) -> str:
    """The affiliation code as a picture in a data: address; empty while there is none, or when it cannot be drawn."""
    text = onboarding.qr.strip()
    if _PICTURE.fullmatch(text):
        return text
    if not text:
        return ""
    try:
        code = segno.make(text, error="m", micro=False)
    except ValueError:  # segno's DataOverflowError: longer than any QR code
        return ""
    return code.svg_data_uri(scale=8, border=3, light="#ffffff")
