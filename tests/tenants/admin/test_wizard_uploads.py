"""Files that come in through the wizard: read into memory only, never more than they may be, judged by what is in them."""

import io
import tempfile
import zlib
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from PIL import Image, PngImagePlugin

from cifras.fiscal.errors import RuleBroken
from cifras.pac.addresses import Address
from tenants.models import Onboarding
from tenants.services import last_try, logos
from tests import certificates
from tests.document_pages import text_of
from tests.factories import an_administrator
from tests.onboarding import begun
from tests.wizard import address, page_of, press

pytestmark = pytest.mark.django_db

NAMES = {"legal_name": "Comercial del Istmo, S.A."}


@pytest.fixture
def browser() -> Client:
    client = Client()
    client.force_login(an_administrator())
    return client


@pytest.fixture
def onboarding() -> Onboarding:
    return begun()


@pytest.fixture
def no_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever opens a temporary file fails."""

    def refuse(*args: Any, **kwargs: Any) -> Any:
        raise AssertionError("a temporary file")

    for name in ("NamedTemporaryFile", "TemporaryFile", "mkstemp"):
        monkeypatch.setattr(tempfile, name, refuse)


def a_picture(kind: str = "PNG", size: tuple[int, int] = (40, 20), **more: Any) -> bytes:
    written = io.BytesIO()
    Image.new("RGB", size, "teal").save(written, kind, **more)
    return written.getvalue()


def with_comment() -> bytes:
    note = PngImagePlugin.PngInfo()
    note.add_text("Comment", "canario-en-el-comentario")
    return a_picture(pnginfo=note)


def sent(browser: Client, onboarding: Onboarding, content: bytes, **more: Any) -> Any:
    file = SimpleUploadedFile("../../logo.svg", content, "image/svg+xml")
    return press(browser, onboarding, "company", **NAMES, logo=file, **more)


def test_a_logo_is_drawn_anew_under_a_name_of_ours_and_shown(browser: Client, onboarding: Onboarding) -> None:
    assert sent(browser, onboarding, with_comment()).status_code == 302
    onboarding.tenant.refresh_from_db()
    name = onboarding.tenant.logo.name
    assert name.startswith(f"logos/{onboarding.tenant.uid}/")
    assert name.endswith(".png")
    kept = default_storage.open(name).read()
    assert b"canario" not in kept
    assert Image.open(io.BytesIO(kept)).size == (40, 20)
    shown = browser.get(reverse("admin:tenants_tenant_onboard_logo", args=[onboarding.uid]))
    assert (b"".join(shown.streaming_content), shown.headers["Content-Type"]) == (kept, "image/png")
    assert shown.headers["X-Content-Type-Options"] == "nosniff"
    assert "El logo guardado" in page_of(browser, onboarding, "company").content.decode()


def test_a_logo_is_replaced_and_taken_away_again(
    browser: Client, onboarding: Onboarding, django_capture_on_commit_callbacks: Any
) -> None:
    kept = []
    for content in (a_picture(), a_picture("JPEG", (3000, 1500))):
        with django_capture_on_commit_callbacks(execute=True):
            sent(browser, onboarding, content)
        onboarding.tenant.refresh_from_db()
        kept.append(onboarding.tenant.logo.name)
    assert [default_storage.exists(name) for name in kept] == [False, True]
    assert Image.open(default_storage.open(kept[1])).size == (800, 400)
    with django_capture_on_commit_callbacks(execute=True):
        press(browser, onboarding, "company", **NAMES, drops_logo="on")
    onboarding.tenant.refresh_from_db()
    assert (onboarding.tenant.logo.name, default_storage.exists(kept[1])) == ("", False)
    assert browser.get(reverse("admin:tenants_tenant_onboard_logo", args=[onboarding.uid])).status_code == 404


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "no es una imagen"),
        (a_picture("GIF"), "no es una imagen"),
        (a_picture()[:-30], "no es una imagen"),
        (a_picture(size=(5000, 4000)), "5000 × 4000"),
        (b"\x89PNG" + b"x" * (1024 * 1024), "1024 KiB"),
    ],
    ids=["svg", "gif", "cut short", "too many pixels", "too large"],
)
def test_what_is_no_good_as_a_logo_is_told_at_its_field(
    browser: Client, onboarding: Onboarding, content: bytes, words: str
) -> None:
    refused = sent(browser, onboarding, content)
    assert words in " ".join(refused.context["form"].errors["logo"])
    onboarding.tenant.refresh_from_db()
    assert not onboarding.tenant.logo


def test_a_logo_that_cannot_be_reached_is_a_warning_and_no_block(
    browser: Client, onboarding: Onboarding, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nowhere(host: str, port: int) -> list[Address]:
        raise OSError("no such name")

    monkeypatch.setattr("cifras.pac.download.addresses_of", nowhere)
    url = "https://logos.istmo.test/logo.png"
    assert press(browser, onboarding, "company", **NAMES, logo_url=url).status_code == 302
    onboarding.tenant.refresh_from_db()
    assert onboarding.tenant.logo_url == url
    assert "No se pudo abrir el logo" in text_of(page_of(browser, onboarding, "company"))


@pytest.mark.parametrize("url", ["https://10.0.0.8.nip.test/x.png", "https://metadata.interna.test/"])
def test_a_logo_inside_a_network_is_refused(
    browser: Client, onboarding: Onboarding, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    inside = {"10.0.0.8.nip.test": "10.0.0.8", "metadata.interna.test": "169.254.169.254"}
    monkeypatch.setattr(
        "socket.getaddrinfo", lambda host, port, **kind: [(2, 1, 6, "", (inside[str(host)], port))]
    )
    refused = press(browser, onboarding, "company", **NAMES, logo_url=url)
    assert "red interna" in " ".join(refused.context["form"].errors["logo_url"])
    onboarding.tenant.refresh_from_db()
    assert onboarding.tenant.logo_url != url


@pytest.mark.parametrize(
    "url", ["http://istmo.test/l.png", "javascript:alert(1)", "https://192.168.0.1/l.png"]
)
def test_a_logos_address_has_to_be_https_on_a_name(browser: Client, onboarding: Onboarding, url: str) -> None:
    refused = press(browser, onboarding, "company", **NAMES, logo_url=url)
    assert "logo_url" in refused.context["form"].errors


@pytest.mark.parametrize(("side", "code"), [(5_000, "logo_too_many_pixels"), (30_000, "logo_not_picture")])
def test_pixels_are_counted_before_they_are_unpacked(side: int, code: str) -> None:
    """The header promises far more than the few bytes behind it hold."""
    bomb = bytearray(a_picture())
    bomb[16:24] = side.to_bytes(4) * 2
    bomb[29:33] = zlib.crc32(bomb[12:29]).to_bytes(4)
    with pytest.raises(RuleBroken) as refused:
        logos.clean_picture(bytes(bomb))
    assert refused.value.code == code


@pytest.mark.parametrize("size", [70_000, 3_000_000, 9_500_000])
def test_no_file_touches_the_disk_however_large_it_is(
    browser: Client, onboarding: Onboarding, no_disk: None, size: int
) -> None:
    for step, name in (("certificate", "certificate"), ("company", "logo"), ("offices", "other")):
        file = SimpleUploadedFile("f.bin", b"x" * size)
        answer = press(browser, onboarding, step, **{name: file}, password="x", **NAMES)
        assert answer.status_code in {200, 302}
    assert "64 KiB" in text_of(
        press(
            browser,
            onboarding,
            "certificate",
            certificate=SimpleUploadedFile("f.p12", b"x" * size),
            password="x",
        )
    )


def test_a_form_with_files_is_still_guarded_against_forgery(onboarding: Onboarding) -> None:
    person = an_administrator()
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(person)
    at = address(onboarding, "certificate")
    token = browser.get(at).context["csrf_token"]
    form = {
        "version": Onboarding.objects.get(pk=onboarding.pk).version,
        "certificate": SimpleUploadedFile("f.p12", certificates.a_p12(onboarding.tenant.ruc)),
        "password": certificates.PASSWORD,
    }
    assert browser.post(at, form).status_code == 403
    form["certificate"].seek(0)
    assert browser.post(at, {"csrfmiddlewaretoken": str(token), **form}).status_code == 302
    assert last_try(Onboarding.objects.get(pk=onboarding.pk), "certificate").by == person.username
