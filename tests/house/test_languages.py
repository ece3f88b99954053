"""The site speaks Spanish and English, each of them whole: no text without translation, no word of the other language."""

import gettext
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import pytest
from babel.messages.catalog import Message
from django.conf import settings
from django.test import Client

from cifras.core.models import Staff
from scripts.compile_messages import compile_catalogue
from scripts.make_messages import (
    LOCALE,
    OURS,
    catalogue_of,
    messages_in_python,
    messages_in_template,
    messages_under,
    missing_in_english,
    missing_in_spanish,
    package_folder,
)

LANGUAGES = ("es", "en")
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%[sd%]|\{[^{}]*\}")
# The pairs of words the staff learn; a second English word for one of them would be a second thing.
VOCABULARY = {
    "Empresa": "Tenant",
    "Sucursal": "Office",
    "Punto de facturación": "Billing point",
    "Factura": "Invoice",
    "Nota de crédito": "Credit note",
    "Proforma": "Proforma",
    "Emitir": "Issue",
    "Anular": "Void",
    "Descartar": "Discard",
    "En cola": "Queued",
    "Sin confirmar": "Unconfirmed",
    "Autorizada por DGI": "Authorised by DGI",
    "Rechazada por PAC": "Rejected by PAC",
    "Por cobrar": "Unpaid",
    "Descartada": "Discarded",
    "Anulada": "Void",
    "Plazo de anulación": "Void window",
}
ENGLISH = """add all and apply are be cancel change choose clear close date delete filter filters forgotten from has home log
    name next not or password previous record results run save search select show submit the this time to
    toggle type user username value view was welcome with yes you your"""
SPANISH = """agregar ambiente buscar con contraseña de del desde el empresa empresas estado factura facturas fecha guardar
    inicio la las lista los motivo ninguno nombre para por que receptor sin sucursal sucursales todas todos una
    usuario vence"""
# django-celery-beat leaves these texts unmarked, so no catalogue can reach them.
UNMARKED = {"Task Name"}
PAGES = (
    "/admin/",
    "/admin/password_change/",
    "/admin/core/auditentry/",
    "/admin/core/staff/",
    "/admin/core/staff/add/",
    "/admin/auth/group/",
    "/admin/django_celery_beat/periodictask/",
    "/admin/django_celery_beat/periodictask/add/",
    "/admin/django_celery_beat/crontabschedule/add/",
    "/admin/invoicing/invoice/",
    "/admin/invoicing/credit/",
    "/admin/invoicing/receiver/",
    "/admin/invoicing/incident/",
    "/admin/invoicing/webhookdelivery/",
    "/admin/tenants/tenant/",
    "/admin/tenants/tenant/add/",
    "/admin/tenants/office/",
    "/admin/tenants/staffgrant/",
    "/admin/tenants/exchange/",
)


def entries(language: str) -> list[Message]:
    return [entry for entry in catalogue_of(language) if entry.id]


def pairs(entry: Message) -> list[tuple[str, str]]:
    """Each text of an entry with its translation."""
    if isinstance(entry.id, str):
        return [(entry.id, entry.string)]
    return [(entry.id[min(index, 1)], text) for index, text in enumerate(entry.string)]


def test_every_text_of_ours_is_in_the_english_catalogue() -> None:
    assert len(messages_under(*OURS)) > 500, "the texts are no longer found"
    assert missing_in_english() == []


def test_every_text_of_the_theme_and_the_scheduler_has_its_spanish() -> None:
    assert len(messages_under(package_folder("unfold"))) > 200, "the texts are no longer found"
    assert missing_in_spanish() == []


def test_the_english_catalogue_translates_only_texts_of_ours() -> None:
    asked = {(message.singular, message.context) for message in messages_under(*OURS)}
    assert [pairs(e)[0][0] for e in entries("en") if (pairs(e)[0][0], e.context or "") not in asked] == []


def test_the_spanish_catalogue_translates_only_texts_of_packages() -> None:
    packages = ("unfold", "django_celery_beat", "django.contrib.admin", "django.contrib.auth")
    asked = {(m.singular, m.context) for m in messages_under(*map(package_folder, packages))}
    assert [pairs(e)[0][0] for e in entries("es") if (pairs(e)[0][0], e.context or "") not in asked] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_translation_keeps_the_placeholders_and_the_blanks_around_the_text(language: str) -> None:
    def frame(text: str) -> tuple[set[str], str, str]:
        return set(PLACEHOLDER.findall(text)), text[: -len(text.lstrip())], text[len(text.rstrip()) :]

    changed = [
        (text, said) for e in entries(language) for text, said in pairs(e) if frame(text) != frame(said)
    ]
    assert changed == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_catalogue_compiles(language: str, tmp_path: Path) -> None:
    source = tmp_path / language / "LC_MESSAGES" / "django.po"
    source.parent.mkdir(parents=True)
    shutil.copy(LOCALE / language / "LC_MESSAGES" / "django.po", source)
    compile_catalogue(source)
    with source.with_suffix(".mo").open("rb") as binary:
        compiled = gettext.GNUTranslations(binary)
    for entry in entries(language):
        if isinstance(entry.id, str):
            said = compiled.pgettext(entry.context, entry.id) if entry.context else compiled.gettext(entry.id)
            assert said == entry.string
        else:
            assert tuple(compiled.ngettext(*entry.id, count) for count in (1, 2)) == tuple(entry.string)


@pytest.mark.parametrize(("spanish", "english"), VOCABULARY.items())
def test_the_two_languages_have_one_word_each_for_one_thing(spanish: str, english: str) -> None:
    entry = catalogue_of("en").get(spanish)
    assert entry is not None
    assert entry.string == english


def test_cancelar_is_never_said_because_it_means_to_pay_in_panama() -> None:
    ours = {text for message in messages_under(*OURS) for text in (message.singular, message.plural)}
    theirs = {said for entry in entries("es") for _text, said in pairs(entry)}
    assert [
        text for text in ours | theirs if re.search(r"\bcancel(ar|[aeoó]|ad[ao]s?)\b", text, re.IGNORECASE)
    ] == []


def test_texts_are_found_however_they_are_marked() -> None:
    code = """_("a"); gettext_lazy("b" "c"); ngettext("día", "días", n); pgettext("verb", "d"); gettext(variable)"""
    template = """{% translate "e" %}{% blocktranslate count n=x %}{{ n }} f{% plural %}{{ n }} g{% endblocktranslate %}
        {% include "x.html" with title=_("h") %}{% blocktranslate trimmed %}
            i "j" (k)
        {% endblocktranslate %}"""
    assert [(m.singular, m.plural, m.context) for m in messages_in_python(code)] == [
        ("a", "", ""), ("bc", "", ""), ("día", "días", ""), ("d", "", "verb"),
    ]  # fmt: skip
    assert [(m.singular, m.plural) for m in messages_in_template(template)] == [
        ("e", ""), ("%(n)s f", "%(n)s g"), ("h", ""), ('i "j" (k)', ""),
    ]  # fmt: skip


class ShownText(HTMLParser):
    """What a person reads or hears on a page: texts and labels, but not scripts, styles and the icons' names."""

    SILENT = {"script", "style", "template"}
    LABELS = {"placeholder", "title", "aria-label", "alt"}
    WITHOUT_END = "area base br col embed hr img input link meta source wbr"

    def __init__(self) -> None:
        super().__init__()
        self.shown: list[str] = []
        self._open: list[tuple[str, bool]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = {name: value or "" for name, value in attrs}
        self.shown += [named[label] for label in self.LABELS & named.keys()]
        if tag == "input" and named.get("type") in {"submit", "button"}:
            self.shown.append(named.get("value", ""))
        is_icon = "material-symbols-outlined" in named.get("class", "")
        if tag not in self.WITHOUT_END.split():
            self._open.append((tag, tag in self.SILENT or is_icon))

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        if data.strip() and not any(silent for _tag, silent in self._open):
            self.shown.append(" ".join(data.split()))


def strangers(client: Client, page: str, words: str) -> list[str]:
    """The texts of the page that hold one of the words."""
    known = set(words.split())
    response = client.get(page)
    assert response.status_code == 200
    reader = ShownText()
    reader.feed(response.content.decode())
    assert len(reader.shown) > 5
    return [
        text
        for text in reader.shown
        if known & {word.strip(".,:;!?…()«»“”") for word in text.casefold().split()}
    ]


@pytest.fixture
def boss(client: Client, db: None) -> Client:
    client.force_login(Staff.objects.create_superuser("root"))
    return client


@pytest.mark.django_db
def test_the_login_page_is_spanish(client: Client) -> None:
    assert strangers(client, "/admin/login/", ENGLISH) == []


@pytest.mark.parametrize("page", PAGES)
def test_a_page_has_no_english_word(page: str, boss: Client) -> None:
    assert [text for text in strangers(boss, page, ENGLISH) if text not in UNMARKED] == []


@pytest.mark.parametrize("page", ["/admin/login/", *PAGES])
def test_a_page_in_english_has_no_spanish_word(page: str, boss: Client) -> None:
    if page.endswith("login/"):
        boss.logout()
    boss.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"
    assert strangers(boss, page, SPANISH) == []
