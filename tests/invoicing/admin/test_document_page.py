"""A document's page: what it says in each state, who may open it, and that looking changes nothing."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.utils import timezone

from cifras.pac.errors import Problem
from invoicing.models import Attachment, Document, TimelineEvent
from invoicing.services import timeline
from tenants.models import Exchange
from tenants.services.accounts import provider_spec
from tests.document_pages import DOORS, address, queries_of, text_of
from tests.document_rows import a_document

pytestmark = pytest.mark.django_db

NASTY = '"><img src=x onerror=alert(1)><script>alert(2)</script>\u202e{0}%s'
TABS = ("summary", "money", "timeline", "files", "exchanges", "audit")


def changed(document: Document, **changes: Any) -> Document:
    Document.objects.filter(pk=document.pk).update(**changes)
    document.refresh_from_db()
    return document


def an_exchange(document: Document, **changes: Any) -> Exchange:
    values = {
        "tenant_uid": document.tenant.uid,
        "document_uid": document.uid,
        "correlation_id": "c-1",
        "provider": "alanube",
        "operation": "generate_invoice",
        "method": "POST",
        "url": "https://api.alanube.test/pan/v1/invoices",
        "request_headers": {"Authorization": "***", "Content-Type": "application/json", "Host": "api"},
        "request_body": '{"receiver": {"name": "O\'Brien"}}',
        "status": 400,
        "response_body": '{"errors": [{"message": "<b>no</b>"}]}',
        "started_at": timezone.now(),
        "duration_ms": 1234,
        **changes,
    }
    return Exchange.objects.create(**values)


@pytest.mark.parametrize("page", DOORS)
@pytest.mark.parametrize("method", ["get", "post"])
def test_a_document_of_another_tenant_does_not_exist(browser, foreign, page, method):
    assert getattr(browser, method)(address(foreign, page)).status_code == 404


@pytest.mark.parametrize("page", DOORS)
def test_what_does_not_exist_does_not_exist(browser, own, page):
    url = address(own, page).replace(str(own.uid), str(uuid.uuid4()))
    assert browser.get(url).status_code == 404


@pytest.mark.parametrize("page", DOORS)
@pytest.mark.parametrize("method", ["get", "post"])
def test_a_missing_right_is_forbidden(browser, ana, own, page, method):
    ana.user_permissions.clear()
    assert getattr(browser, method)(address(own, page)).status_code == 403


@pytest.mark.parametrize("page", ["issue", "discard", "void", "refresh", "attach_pdf"])
def test_who_may_only_look_cannot_act(browser, ana, own, page):
    ana.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
    assert browser.get(address(own)).status_code == 200
    assert browser.post(address(own, page), {"reason": "un motivo bastante largo"}).status_code == 403


@pytest.mark.parametrize("page", DOORS)
@pytest.mark.parametrize("submission", ["ACCEPTED", "DRAFT", "UNKNOWN"])
def test_looking_changes_nothing(browser, own, page, submission):
    legal = "DGI_AUTHORIZED" if submission == "ACCEPTED" else ""
    changed(own, submission=submission, legal_status=legal, issue_date=timezone.now())
    before = Document.objects.filter(pk=own.pk).values().get()
    browser.get(address(own, page))
    assert Document.objects.filter(pk=own.pk).values().get() == before
    assert not TimelineEvent.objects.exists()


def test_what_was_issued_is_not_edited(browser, own):
    assert browser.post(address(own), {"total": "1.00"}).status_code == 403
    own.refresh_from_db()
    assert str(own.total) == "321.00"


@pytest.mark.parametrize("tab", TABS)
def test_each_tab_is_an_address_of_its_own_with_few_queries(browser, own, tab):
    def page() -> int:
        return queries_of(browser, f"{address(own)}?tab={tab}")

    few = page()
    for index in range(12):
        own.lines.create(description=f"Línea {index}", quantity=1, unit_price=1, tax_rate=7)
        own.payments.create(method="02", amount=1)
        own.settlements.create(kind="RECEIPT", amount=1, date=timezone.localdate())
        own.attachments.create(kind="PDF", filename="a.pdf", sha256=f"{index:064}", size_bytes=1)
        timeline.note(own, "asked")
        an_exchange(own)
    assert page() == few <= 6


def test_a_tab_beyond_ones_rights_is_not_offered(browser, ana, own):
    for codename in ("view_exchange", "view_auditentry"):
        ana.user_permissions.remove(Permission.objects.get(codename=codename))
    page = browser.get(f"{address(own)}?tab=exchanges")
    assert page.context["tab"].name == "summary"
    assert [tab.name for tab in page.context["tabs"]] == ["summary", "money", "timeline", "files"]


def test_the_summary_says_parties_lines_totals_and_what_may_still_be_credited(browser, own):
    changed(
        own,
        total="321.00",
        net="300.00",
        itbms="21.00",
        totals_by_rate=[{"rate": "7.00", "base": "300.00", "tax": "21.00"}],
        receiver_data={"type": "CONTRIBUYENTE", "name": "Ferretería", "ruc": "8-1-1", "dv": "05"},
        qr="https://dgi-fep.mef.gob.pa/Consultas/FacturasPorQR?chFE=" + own.cufe,
    )
    own.lines.create(
        description="Clavos de 2 pulgadas", quantity=2, unit_price="150", tax_rate="7", net="300"
    )
    note = a_document(
        cufe="", kind="CREDIT", series="04", number="0000000009", total="100.00", credited=own, mode="DGI"
    )
    response = browser.get(address(own))
    page = text_of(response)
    for words in (
        "Clavos de 2 pulgadas",
        "8-1-1 DV 05",
        "7 %",
        "B/. 300.00",
        f"Nota de crédito {note.number}",
    ):
        assert words in page
    assert "Queda sin nota de crédito B/. 221.00" in page
    assert 'src="data:image/svg+xml' in response.content.decode()


def test_a_qr_that_no_code_can_hold_is_left_out(browser, own):
    changed(own, qr="x" * 100_000)
    assert 'src="data:image/svg+xml' not in browser.get(address(own)).content.decode()


def test_a_rejected_document_opens_with_what_the_provider_said_and_what_to_do(browser, own):
    changed(
        own,
        submission="REFUSED",
        legal_status="PAC_REJECTED",
        problems=[
            {
                "code": "1602",
                "field": "lines[1].tax_rate",
                "message": "RUC <script>alert(1)</script> inexistente",
            }
        ],
    )
    response = browser.get(address(own))
    page = text_of(response)
    assert "Línea 2: ITBMS" in page
    assert "RUC <script>alert(1)</script> inexistente" in page
    remedy = provider_spec("alanube").remedy(Problem("RUC inexistente", code="1602"))
    assert remedy
    assert remedy in page
    assert "<script>alert" not in response.content.decode()
    assert page.index(remedy) < page.index("Resumen")
    assert "Corregir y reemitir" in page


def test_an_unconfirmed_document_says_what_happens_next_and_when(browser, own):
    due = timezone.now() + timedelta(minutes=3)
    changed(own, submission="UNKNOWN", legal_status="", document_id="", cufe="", due_at=due, asks_made=2)
    page = text_of(browser.get(address(own)))
    assert "Sin confirmar" in page
    assert timezone.localtime(due).strftime("%H:%M:%S") in page
    assert "consultas hechas: 2" in page
    assert "Consultar ahora" in page


def test_a_conflict_shows_ours_beside_the_providers_raw_answer(browser, own):
    changed(
        own,
        submission="UNKNOWN",
        legal_status="",
        cufe="",
        flag="CONFLICT",
        conflict={"receiver": {"name": "<b>Otra</b> venta"}},
    )
    response = browser.get(address(own))
    page = text_of(response)
    assert "El nuestro" in page
    assert '"name": "<b>Otra</b> venta"' in page
    assert "<b>Otra</b>" not in response.content.decode()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"submission": "QUEUED", "legal_status": "", "held_reason": "incident"}, "Hay una incidencia"),
        (
            {"submission": "QUEUED", "legal_status": "", "held_reason": "tenant_suspended"},
            "La empresa está suspendida",
        ),
        ({"legal_conflict": "DGI_REJECTED"}, "Noticia contraria del PAC"),
        ({"cufe_differs": True, "local_cufe": "FE-nuestro"}, "FE-nuestro"),
        (
            {"void_status": "REFUSED", "void_answer": {"provider": "outside of window"}},
            "«outside of window»",
        ),
        ({"void_status": "UNKNOWN", "void_due_at": None}, "decide una persona"),
        ({"void_status": "VOIDED", "void_reason": "Datos equivocados"}, "Datos equivocados"),
    ],
)
def test_what_somebody_should_look_at_is_said(browser, own, changes, words):
    changed(own, **changes)
    page = text_of(browser.get(address(own)))
    assert words in page.replace("« ", "«") or words.strip("«»") in page


@pytest.mark.parametrize(
    ("changes", "deed", "why"),
    [
        ({"legal_status": "PAC_AUTHORIZED"}, "void", "falta la autorización de la DGI"),
        ({"legal_status": "PAC_AUTHORIZED"}, "discard", "Todavía puede quedar autorizado"),
        ({"document_id": ""}, "attach_pdf", "No consta en el PAC"),
        ({"submission": "QUEUED", "legal_status": ""}, "refresh", "no hay nada que consultar"),
        ({"void_status": "REQUESTED"}, "void", "Ya hay una anulación en curso"),
    ],
)
def test_an_impossible_act_is_shown_with_its_reason(browser, own, changes, deed, why):
    changed(own, issue_date=timezone.now(), **changes)
    page = browser.get(address(own)).content.decode()
    button = page[page.index(f'id="deed-{deed}"') :].partition("</li>")[0]
    assert 'aria-disabled="true"' in button
    assert f'aria-describedby="why-{deed}"' in button
    assert why in button


def test_the_act_is_refused_by_role_with_a_reason_on_the_button(browser, ana, own):
    changed(own, issue_date=timezone.now())
    ana.user_permissions.remove(Permission.objects.get(codename="void_invoice"))
    page = browser.get(address(own)).content.decode()
    assert "Su rol no permite este acto." in page[page.index('id="deed-void"') :].partition("</li>")[0]


def test_the_sandbox_is_unmistakable_and_live_is_not_marked(browser, own):
    assert "Documento de pruebas: sin validez legal" in text_of(browser.get(address(own)))
    changed(own, environment="live")
    assert "Documento de pruebas" not in text_of(browser.get(address(own)))


def test_the_timeline_tells_in_sentences_who_when_and_which_exchange(browser, ana, own):
    exchange = an_exchange(own)
    detail = {"problems": [{"message": NASTY, "code": "", "field": ""}]}
    timeline.note(own, "refused", detail=detail, exchange_id=str(exchange.uid))
    timeline.note(own, "void_requested", actor=ana, detail={"reason": "{0} <b>motivo</b>"})
    timeline.note(own, "code_of_tomorrow", detail={"to": 7, "problems": ["odd"], "kind": ["x"]})
    response = browser.get(f"{address(own)}?tab=timeline")
    page = text_of(response)
    assert "Se pidió la anulación. Motivo: {0} <b>motivo</b>" in page
    assert "ana" in page
    assert "El PAC lo rechazó" in page
    assert "code_of_tomorrow" in page
    assert address(own, "exchange", exchange.uid) in response.content.decode()
    assert "<img src=x" not in response.content.decode()
    assert "\u202e" not in response.content.decode()


def test_files_are_listed_with_their_hash_and_downloaded_through_the_files_door(browser, own):
    row = Attachment.objects.create(
        document=own, kind="PDF", filename="FE1.pdf", sha256="ab" * 32, size_bytes=2048, file="x.pdf"
    )
    changed(own, has_pdf=True)
    page = browser.get(f"{address(own)}?tab=files").content.decode()
    assert "ab" * 32 in page
    assert f"/documents/files/{row.uid}/" in page
    assert browser.get(address(own, "pdf"))["Location"] == f"/documents/files/{row.uid}/"


def test_an_exchange_is_shown_masked_and_as_curl_without_the_key(browser, own):
    exchange = an_exchange(own)
    response = browser.get(address(own, "exchange", exchange.uid))
    page = text_of(response)
    assert "1234 ms" in page
    assert '-H "Authorization: Bearer $PAC_API_KEY"' in page
    assert """--data-binary '{"receiver": {"name": "O'"'"'Brien"}}'""" in page
    assert "Host:" not in page.partition("curl -X")[2]
    assert "<b>no</b>" not in response.content.decode()


def test_an_exchange_of_another_document_is_not_found_here(browser, own, foreign):
    for document in (foreign, a_document(cufe="")):
        exchange = an_exchange(document)
        assert browser.get(address(own, "exchange", exchange.uid)).status_code == 404
        assert browser.get(address(document, "exchange", uuid.uuid4())).status_code == 404


def test_an_exchange_needs_its_own_right(browser, ana, own):
    ana.user_permissions.remove(Permission.objects.get(codename="view_exchange"))
    assert browser.get(address(own, "exchange", an_exchange(own).uid)).status_code == 403


@pytest.mark.parametrize("tab", TABS)
def test_whatever_a_provider_returns_is_text(browser, own, tab):
    endless = NASTY * 5000
    changed(
        own,
        raw_legal_status=NASTY[:60],
        legal_status="",
        protocol=NASTY[:100],
        document_id=NASTY[:100],
        cufe=NASTY[:60],
        qr=endless,
        problems=[{"message": endless, "code": NASTY, "field": NASTY}, "odd", None],
        pac_response={"x": endless},
        flag="CONFLICT",
        submission="UNKNOWN",
        conflict={NASTY: [endless]},
        void_answer=[NASTY],
        legal_conflict=NASTY[:60],
    )
    an_exchange(own, response_body="[" * 50_000, error=NASTY, response_headers={NASTY: NASTY}, url=NASTY)
    response = browser.get(f"{address(own)}?tab={tab}")
    assert response.status_code == 200
    page = response.content.decode()
    assert "<img src=x" not in page
    assert "<script>alert" not in page
    assert "\u202e" not in page
    exchange = Exchange.objects.get()
    assert "<img src=x" not in browser.get(address(own, "exchange", exchange.uid)).content.decode()


def test_the_page_follows_what_is_under_way_and_stops_when_it_is_settled(browser, own):
    changed(own, submission="QUEUED", legal_status="", due_at=timezone.now())
    page = browser.get(address(own))
    poll = f"{address(own, 'fragment')}?tab=summary&seen={page.context['state']}"
    assert f'hx-get="{poll}"'.replace("&", "&amp;") in page.content.decode()
    assert browser.get(poll).status_code == 204
    changed(own, submission="ACCEPTED", legal_status="DGI_AUTHORIZED", has_pdf=True, due_at=None)
    news = browser.get(poll)
    assert news.status_code == 200
    assert "Autorizada por DGI" in text_of(news)
    assert 'hx-swap-oob="innerHTML"' in news.content.decode(), "screen readers hear of it"
    assert "hx-trigger" not in news.content.decode()


def test_a_page_that_is_asked_about_every_few_seconds_does_not_jump_each_time(browser, own):
    changed(own, legal_status="PAC_AUTHORIZED", due_at=timezone.now() + timedelta(seconds=5))
    page = browser.get(address(own))
    assert "se consulta al PAC cada pocos segundos" in text_of(page)
    changed(own, due_at=timezone.now() + timedelta(seconds=10))
    assert browser.get(f"{address(own, 'fragment')}?seen={page.context['state']}").status_code == 204


def test_a_poll_without_news_is_cheap(browser, own):
    changed(own, submission="QUEUED", legal_status="", due_at=timezone.now())
    seen = browser.get(address(own)).context["state"]

    class Reader:
        def get(self, url: str) -> Any:
            response = browser.get(url)
            response.status_code = {204: 200}[response.status_code]
            return response

    assert queries_of(Reader(), f"{address(own, 'fragment')}?seen={seen}") <= 2  # type: ignore[arg-type]


def test_the_page_has_no_inline_script(browser, own):
    changed(own, submission="UNKNOWN", legal_status="", due_at=timezone.now())
    for url in (address(own), address(own, "void"), address(own, "review")):
        page = browser.get(url).content.decode()
        content = (
            page[page.index('id="content"') :].partition("</main>")[0].partition('id="modal-overlay"')[0]
        )
        assert "<script" not in content
        assert " onclick=" not in content
