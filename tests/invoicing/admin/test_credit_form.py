"""The page that writes a credit note, as a browser without scripts sees it."""

import re
from decimal import Decimal
from html import unescape
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from cifras.core.models import Staff
from invoicing import services
from invoicing.models import Document, TimelineEvent
from reports.services.reference import ROLES
from tenants.models import Tenant
from tests import factories
from tests.clockwork import work_through
from tests.document_pages import address, list_address, queries_of, said, text_of

pytestmark = pytest.mark.django_db

D = Decimal
REASON = "El cliente devolvió la mercancía"


@pytest.fixture
def tenant(pac: Any) -> Tenant:
    return factories.a_tenant()


@pytest.fixture
def ana(tenant: Tenant) -> Staff:
    return factories.a_staff_member(tenant, permissions=ROLES["Operaciones"], username="ana")


@pytest.fixture
def browser(ana: Staff) -> Client:
    client = Client()
    client.force_login(ana)
    return client


@pytest.fixture
def invoice(tenant: Tenant) -> Document:
    """Two lines of two books each: 642.00."""
    lines = [factories.line(description=f"Libro {name}", code=name) for name in ("A", "B")]
    data = factories.invoice_json(tenant, lines=lines, payments=[{"method": "02", "amount": "642.00"}])
    document = services.create_invoice(data, actor=None)
    work_through(rounds=1)
    return fresh(document)


def fresh(document: Document) -> Document:
    return Document.objects.select_related("tenant", "credited").get(pk=document.pk)


def token_of(response: Any) -> str:
    return unescape(re.search(r'name="form_token" value="([^"]+)"', response.content.decode())[1])


def send(browser: Client, page: str, button: str, *, token: str = "", **typed: str) -> Any:
    """Fill in the form and press a button; `line_1` is the quantity of line 1."""
    data = {
        re.sub(r"line_(\d+)", r"line-\1-quantity", name): value
        for name, value in {"how": "whole", **typed}.items()
    }
    return browser.post(page, {**data, "form_token": token or token_of(browser.get(page)), button: "1"})


def carried(response: Any) -> dict[str, str]:
    """The hidden fields of the page to confirm, as the browser sends them back."""
    hidden = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', response.content.decode())
    return {unescape(name): unescape(value) for name, value in hidden if name != "csrfmiddlewaretoken"}


def confirm(browser: Client, page: str, response: Any, **more: str) -> Any:
    return browser.post(page, {**carried(response), "_confirm": "1", **more}, follow=True)


def the_note() -> Document:
    return Document.objects.select_related("tenant", "credited").get(kind="CREDIT")


# From the invoice's page to the queue


def test_an_invoice_leads_to_its_note_which_is_confirmed_and_then_queued(
    browser: Client, invoice: Document, pac: Any
) -> None:
    page = address(invoice, "credit")
    button = browser.get(address(invoice)).content.decode()
    assert f'href="{page}"' in button[button.index('id="deed-credit"') - 200 :]
    opened = text_of(browser.get(page))
    for words in (
        f"Factura 000000000{invoice.number[-1]}",
        "Comercial Ejemplo Uno, S.A. 155596713-2-2015",
        f"…{invoice.cufe[-12:]}",
        "Con nota de crédito B/. 0.00 Queda B/. 642.00",
        "Libro A",
    ):
        assert words in opened
    asked = send(browser, page, "_issue", how="lines", line_1="1", notes=REASON, emails="otra@ejemplo.test")
    shown = text_of(asked)
    for words in (
        "Confirme la nota de crédito",
        f"…{invoice.cufe[-12:]}",
        "Total B/. 160.50",
        "Quedará en la factura B/. 481.50",
        "Rebaja una parte de la factura.",
        "pasa de «Pagada» a «Acreditada en parte»",
        "Queda por devolver B/. 160.50",
        REASON,
    ):
        assert words in shown
    assert not Document.objects.filter(kind="CREDIT").exists()
    done = confirm(browser, page, asked)
    note = the_note()
    assert said(done) == [f"En cola con el número {note.number}; se envía al PAC en seguida."]
    assert (note.submission, note.total, note.notes) == ("QUEUED", D("160.50"), REASON)
    assert note.receiver_data["emails"] == ["otra@ejemplo.test"]
    assert (note.created_by.username if note.created_by else "") == "ana"
    assert not [each for each in pac.journal.requests() if "credit-notes" in each.path]


def test_the_same_form_sent_again_is_one_note(browser: Client, invoice: Document) -> None:
    page = address(invoice, "credit")
    asked = send(browser, page, "_issue")
    for _ in range(2):
        done = confirm(browser, page, asked)
    assert said(done) == [f"La nota de crédito {the_note().number} ya se emitió y no cambia más."]
    assert TimelineEvent.objects.filter(document_uid=the_note().uid, code="queued").count() == 1


def test_what_changed_since_it_was_shown_is_confirmed_anew(browser: Client, invoice: Document) -> None:
    page = address(invoice, "credit")
    asked = send(browser, page, "_issue")
    assert carried(asked)["shown_total"] == "642.00"
    confirm(browser, page, send(browser, page, "_issue", how="amount", amount="42.00"))
    again = confirm(browser, page, asked)
    assert "cambió mientras tanto" in text_of(again)
    assert Document.objects.filter(kind="CREDIT").count() == 1
    confirm(browser, page, again)
    totals = Document.objects.filter(kind="CREDIT").order_by("pk").values_list("total", flat=True)
    assert list(totals) == [D("42.00"), D("600.00")]


def test_a_note_that_looks_like_another_asks_why(browser: Client, invoice: Document) -> None:
    page = address(invoice, "credit")
    confirm(browser, page, send(browser, page, "_issue", how="lines", line_1="1"))
    asked = send(browser, page, "_issue", how="lines", line_1="1")
    assert "Antes de emitir, confirme que está bien" in text_of(asked)
    assert "Marque la casilla y escriba el motivo." in text_of(confirm(browser, page, asked))
    answer = {"doubt-is_settled": "on", "doubt-reason": "Devolvió otro ejemplar"}
    assert "En cola" in said(confirm(browser, page, asked, **answer))[0]
    assert Document.objects.filter(kind="CREDIT").count() == 2


def test_one_goes_back_from_confirming_with_all_that_was_typed(browser: Client, invoice: Document) -> None:
    page = address(invoice, "credit")
    asked = send(browser, page, "_issue", how="amount", amount="33.33", notes=REASON)
    back = browser.post(page, {**carried(asked), "_back": "1"}).content.decode()
    assert 'value="33.33"' in back
    assert f"{REASON}</textarea>" in back
    assert re.search(r'name="how" value="amount"[^>]*checked', back)


# Sums and refusals


@pytest.mark.parametrize(
    ("typed", "total", "words"),
    [
        ({}, "B/. 642.00", "Deja la factura entera sin efecto."),
        ({"how": "lines", "line_1": "1", "line_2": "2"}, "B/. 481.50", "ITBMS 7 % sobre 450.00 B/. 31.50"),
        ({"how": "amount", "amount": "0.08"}, "B/. 0.08", "Sus 2 líneas"),
        ({"how": "amount", "amount": "100"}, "B/. 100.00", "Quedará en la factura B/. 542.00"),
        ({"how": "amount", "amount": ""}, "—", "mayor que cero"),
        ({"how": "lines"}, "—", "Indique la cantidad de al menos una línea."),
        ({"how": "lines", "line_2": "9"}, "—", "Línea 2: De esta línea quedan 2"),
        ({"how": "surprise"}, "B/. 642.00", "Deja la factura entera"),
    ],
)
def test_the_sum_is_the_servers(
    browser: Client, invoice: Document, typed: dict[str, str], total: str, words: str
) -> None:
    response = send(browser, address(invoice, "credit"), "_calculate", **typed)
    assert f'id="cn-total">{total}<' in response.content.decode()
    assert words in text_of(response)
    assert "Falta corregir" not in text_of(response)
    assert not Document.objects.filter(kind="CREDIT").exists()


@pytest.mark.parametrize(
    ("typed", "field", "words"),
    [
        ({"how": "lines", "line_1": "3", "line_2": "1"}, "line-1-quantity", "De esta línea quedan 2"),
        ({"how": "lines", "line_1": "uno"}, "line-1-quantity", "«uno» no es una cifra"),
        ({"how": "lines", "line_2": "-1"}, "line-2-quantity", "De esta línea quedan 2"),
        ({"how": "lines"}, "how", "Indique la cantidad de al menos una línea."),
        ({"how": "amount", "amount": "642.01"}, "amount", "solo le quedan 642.00"),
        ({"how": "amount", "amount": "1,000"}, "amount", "«1,000» no es una cifra"),
        ({"how": "amount", "amount": "1.005"}, "amount", "fracciones de centavo"),
        ({"emails": "no-es-un-correo"}, "emails", "«no-es-un-correo» no es un correo"),
        ({"notes": "x" * 5001}, "notes", "demasiado largo"),
    ],
)
@pytest.mark.parametrize("button", ["_review", "_issue"])
def test_a_refusal_stands_beside_its_field_with_all_that_was_typed(
    browser: Client, invoice: Document, typed: dict[str, str], field: str, words: str, button: str
) -> None:
    response = send(browser, address(invoice, "credit"), button, notes=typed.get("notes", REASON), **{
        name: value for name, value in typed.items() if name != "notes"
    })  # fmt: skip
    page = response.content.decode()
    assert words in text_of(response)
    assert f'href="#id_{field}"' in page
    assert f'id="id_{field}_error"' in page
    assert typed.get("notes", REASON) in page
    for name, value in typed.items():
        shown = unescape(page)
        assert value in shown, name
    assert not Document.objects.filter(kind="CREDIT").exists()


def test_review_says_that_all_is_well_and_keeps_nothing(browser: Client, invoice: Document) -> None:
    response = send(browser, address(invoice, "credit"), "_review")
    assert "Todo en orden: se puede emitir. No se ha guardado ni enviado nada." in text_of(response)
    assert not Document.objects.filter(kind="CREDIT").exists()
    Tenant.objects.update(state=Tenant.State.SUSPENDED)
    assert "La empresa no está activa" in text_of(send(browser, address(invoice, "credit"), "_review"))


def test_the_reason_and_the_whole_come_with_the_address(browser: Client, invoice: Document) -> None:
    page = browser.get(address(invoice, "credit"), {"whole": "1", "reason": f"{REASON} <b>"}).content.decode()
    assert "El cliente devolvió la mercancía &lt;b&gt;</textarea>" in page
    assert re.search(r'name="how" value="whole"[^>]*checked', page)


# Drafts


def test_a_proforma_is_kept_mended_and_promoted(browser: Client, invoice: Document) -> None:
    kept = send(browser, address(invoice, "credit"), "_draft", how="lines", line_2="1", notes=REASON)
    note = the_note()
    assert kept.headers["Location"] == f"{address(note)}?tab=summary"
    assert (note.mode, note.number, note.submission) == ("PROFORM", "P-000001", "DRAFT")
    seen = browser.get(kept.headers["Location"])
    assert "guardada como proforma P-000001" in said(seen)[0]
    for deed in ("change", "review", "issue", "discard"):
        assert f'id="deed-{deed}"' in seen.content.decode()
    form = browser.get(address(note))
    assert re.search(r'name="how" value="lines"[^>]*checked', form.content.decode())
    assert re.search(r'name="line-2-quantity" value="1"', form.content.decode())
    send(browser, address(note), "_draft", how="amount", amount="99.99", notes=REASON)
    note = the_note()
    assert (note.number, note.total, note.mode) == ("P-000001", D("99.99"), "PROFORM")
    assert re.search(r'name="amount" value="99.99"', browser.get(address(note)).content.decode())
    asked = send(browser, address(note), "_issue", how="amount", amount="100.00", notes=REASON)
    confirm(browser, address(note), asked)
    note = the_note()
    assert (note.mode, note.number, note.submission) == ("DGI", "0000000001", "QUEUED")
    assert (note.total, note.modification_code) == (D("100.00"), 3)
    spent = browser.post(address(note), {"form_token": token_of(form), "_draft": "1"}, follow=True)
    assert "ya se emitió y no cambia más" in said(spent)[0]


def test_a_proforma_is_promoted_and_discarded_by_the_usual_dialogs(
    browser: Client, invoice: Document
) -> None:
    for _ in range(2):
        send(browser, address(invoice, "credit"), "_draft", how="lines", line_1="1")
    first, second = Document.objects.filter(kind="CREDIT").order_by("pk")
    answer = {"doubt_reason": "Son dos devoluciones"}
    browser.post(address(first, "issue"), answer)
    assert fresh(first).submission == "QUEUED"
    browser.post(address(second, "discard"), {"reason": "Sobra"})
    assert fresh(second).submission == "DISCARDED"
    browser.post(address(first, "discard"), {"reason": "Ya no"})
    work_through(rounds=1)
    assert fresh(first).submission in {"DISCARDED", "ACCEPTED"}


def test_an_authorised_note_is_neither_discarded_nor_deleted(browser: Client, invoice: Document) -> None:
    page = address(invoice, "credit")
    confirm(browser, page, send(browser, page, "_issue"))
    work_through(rounds=1)
    note = the_note()
    assert note.legal_status == "DGI_AUTHORIZED"
    assert "anúlelo" in text_of(browser.post(address(note, "discard"), {"reason": "No"}))
    assert browser.post(address(note, "delete"), {"post": "yes"}).status_code == 403
    assert the_note().submission == "ACCEPTED"


def test_a_draft_whose_invoice_has_no_room_says_so_and_is_shown(browser: Client, invoice: Document) -> None:
    send(browser, address(invoice, "credit"), "_draft", how="lines", line_1="1")
    proforma = the_note()
    page = address(invoice, "credit")
    confirm(browser, page, send(browser, page, "_issue"))
    shown = browser.get(address(proforma))
    assert "Sus notas de crédito ya cubren el total" in said(shown)[0]
    refused = text_of(browser.get(address(proforma, "issue")))
    assert "La nota suma 160.50 y a la factura solo le quedan 0.00" in refused
    assert "De la línea 1 de la factura" in refused
    assert "ya cubren el total" in text_of(browser.get(page))


# The invoice's page and the note's


def test_the_invoice_shows_its_notes_and_what_they_leave_line_by_line(
    browser: Client, invoice: Document, pac: Any
) -> None:
    page = address(invoice, "credit")
    without_notes = queries_of(browser, address(invoice))
    confirm(browser, page, send(browser, page, "_issue", how="lines", line_1="1"))
    work_through(rounds=1)
    note = the_note()
    pac.behaviour.authorise_after = 3600
    confirm(browser, page, send(browser, page, "_issue", how="lines", line_2="2"))
    work_through(rounds=1)
    shown = text_of(browser.get(address(invoice)))
    for words in (
        f"Nota de crédito {note.number}",
        "Con nota de crédito autorizada B/. 160.50",
        "Con nota de crédito en trámite B/. 321.00",
        "Queda sin nota de crédito B/. 160.50",
        "quedan 1 und, B/. 160.50, sin nota de crédito",
        "con nota de crédito entera",
        "Aplicada",
    ):
        assert words in shown
    assert "Factura de la nota" in text_of(browser.get(address(note)))
    assert "de la línea 1 de la factura" in text_of(browser.get(address(note)))
    assert f'href="{address(invoice)}"' in browser.get(address(note)).content.decode()
    assert queries_of(browser, address(invoice)) <= without_notes + 1
    assert queries_of(browser, page) <= 6


def test_the_invoice_that_cannot_be_credited_says_why(browser: Client, invoice: Document) -> None:
    services.void_invoice(invoice.uid, "Factura emitida por equivocación", actor=None)
    button = browser.get(address(invoice)).content.decode()
    assert "está anulada o en anulación" in button[button.index('id="deed-credit"') :].partition("</li>")[0]
    refused = browser.get(address(invoice, "credit"))
    assert "está anulada o en anulación" in text_of(refused)
    assert "form_token" not in refused.content.decode()
    draft = services.create_invoice(factories.invoice_json(invoice.tenant, draft=True), actor=None)
    assert "no está autorizada por la DGI" in text_of(browser.get(address(draft, "credit")))
    assert 'id="deed-credit"' not in browser.get(f"{address(draft)}?tab=summary").content.decode()


# Rights


def test_the_page_needs_its_rights(browser: Client, ana: Staff, invoice: Document) -> None:
    page = address(invoice, "credit")
    asked = send(browser, page, "_issue")
    ana.user_permissions.remove(Permission.objects.get(codename="issue_credit"))
    assert "Emitir ante la DGI" not in text_of(browser.get(page))
    assert confirm(browser, page, asked).status_code == 403
    send(browser, page, "_draft")
    ana.user_permissions.remove(Permission.objects.get(codename="change_credit"))
    assert "form_token" not in browser.get(address(the_note())).content.decode()
    assert browser.post(address(the_note()), {"_draft": "1", "how": "whole"}).status_code == 403
    ana.user_permissions.remove(Permission.objects.get(codename="add_credit"))
    assert browser.get(page).status_code == 403
    assert "Su rol no permite este acto." in text_of(browser.get(address(invoice)))


def test_nothing_of_another_tenant_is_found(invoice: Document) -> None:
    stranger = Client()
    stranger.force_login(
        factories.a_staff_member(factories.a_tenant(), permissions=ROLES["Operaciones"], username="otra")
    )
    for answer in (stranger.get(address(invoice, "credit")), stranger.post(address(invoice, "credit"), {})):
        assert answer.status_code == 404


def test_a_form_of_somebody_else_makes_no_note_in_its_name(
    browser: Client, tenant: Tenant, invoice: Document
) -> None:
    other = Client()
    other.force_login(factories.a_staff_member(tenant, permissions=ROLES["Operaciones"], username="beto"))
    page = address(invoice, "credit")
    token = token_of(browser.get(page))
    send(other, page, "_draft", token=token, how="lines", line_1="1")
    send(browser, page, "_draft", token=token, how="lines", line_2="1")
    assert Document.objects.filter(kind="CREDIT").count() == 2


def test_the_list_of_notes_leads_to_their_pages(browser: Client, invoice: Document) -> None:
    send(browser, address(invoice, "credit"), "_draft")
    assert "P-000001" in text_of(browser.get(list_address(kind="credit")))
