"""Acts on many documents: a dry run, then one by one, each outcome listed."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.utils import timezone

from invoicing import services
from invoicing.models import Document
from tests import factories
from tests.clockwork import work_through
from tests.document_pages import list_address, said, text_of
from tests.document_rows import a_document

pytestmark = pytest.mark.django_db

REASON = "Operación no realizada por el cliente"


@pytest.fixture
def three(own) -> list[Document]:
    """Two that can be voided and one that cannot."""
    issued = timezone.now() - timedelta(hours=1)
    Document.objects.filter(pk=own.pk).update(issue_date=issued)
    more = [a_document(cufe="", issue_date=issued, total="100.00", series="01") for _ in range(2)]
    Document.objects.filter(pk=more[1].pk).update(issue_date=issued - timedelta(hours=190))
    return [own, *more]


def run(browser: Any, action: str, documents: list[Document], address: str = "", **more: str) -> Any:
    chosen = {"_selected_action": [document.pk for document in documents], "action": action, "index": "0"}
    return browser.post(address or list_address(), chosen | more)


def void_statuses(documents: list[Document]) -> list[str]:
    kept = Document.objects.in_bulk([document.pk for document in documents])
    return [kept[document.pk].void_status for document in documents]


def test_the_dry_run_says_which_can_be_voided_and_why_not_and_changes_nothing(browser, three):
    response = run(browser, "bulk_void", three)
    page = text_of(response)
    assert "Se hará con 2 documentos, por B/. 421.00" in page
    assert "El plazo para anular venció" in page
    assert void_statuses(three) == ["", "", ""]


def test_the_confirmed_run_voids_the_eligible_ones_with_one_reason_and_lists_each(browser, three):
    response = run(browser, "bulk_void", three, confirmed="1", reason=f" {REASON} ")
    page = text_of(response)
    assert page.count("Anulación pedida") == 2
    assert "El plazo para anular venció" in page
    assert void_statuses(three) == ["REQUESTED", "REQUESTED", ""]
    assert set(Document.objects.exclude(void_status="").values_list("void_reason", flat=True)) == {REASON}


def test_a_short_reason_is_refused_before_the_first_one(browser, three):
    page = text_of(run(browser, "bulk_void", three, confirmed="1", reason="corto"))
    assert "El motivo tiene 5 caracteres" in page
    assert "Se hará con 2 documentos" in page
    assert void_statuses(three) == ["", "", ""]


def test_documents_of_others_are_left_out_whatever_is_posted(browser, three, foreign):
    Document.objects.filter(pk=foreign.pk).update(issue_date=timezone.now())
    page = text_of(run(browser, "bulk_void", [*three, foreign], confirmed="1", reason=REASON))
    assert "Cliente ajeno" not in page
    assert void_statuses([foreign]) == [""]


def test_without_the_right_the_act_is_neither_offered_nor_done(browser, ana, three):
    ana.user_permissions.remove(Permission.objects.get(codename="void_invoice"))
    assert "bulk_void" not in browser.get(list_address()).content.decode()
    run(browser, "bulk_void", three, confirmed="1", reason=REASON)
    assert void_statuses(three) == ["", "", ""]


def test_the_second_error_stops_the_run(browser, ana, pac):
    """Four drafts of notes over one invoice: each fits alone, and the first one takes all there is to credit."""
    tenant = factories.a_tenant()
    ana.grants.create(tenant=tenant)
    services.create_invoice(factories.invoice_json(tenant, external_id="SO-9"), actor=None)
    work_through()
    notes = [
        services.create_credit(
            factories.credit_json(
                tenant,
                "SO-9",
                draft=True,
                lines=[factories.line(unit_price=price)],
                payments=[{"method": "02", "amount": total}],
            ),
            actor=None,
        )
        for price, total in (("150", "321.00"), ("149", "318.86"), ("148", "316.72"), ("147", "314.58"))
    ]
    address = list_address(kind="credit")
    assert "Se hará con 4 documentos" in text_of(run(browser, "bulk_issue", notes, address))
    page = text_of(run(browser, "bulk_issue", notes, address, confirmed="1"))
    assert page.count("No se intentó: se detuvo en el segundo error.") == 1
    kept = Document.objects.in_bulk([note.pk for note in notes])
    assert [kept[note.pk].submission for note in notes] == ["QUEUED", "DRAFT", "DRAFT", "DRAFT"]


def test_issuing_many_says_first_what_each_one_lacks(browser, own):
    incomplete = a_document(
        cufe="", submission="DRAFT", legal_status="", receiver_data=own.receiver_data, number=""
    )
    page = text_of(run(browser, "bulk_issue", [own, incomplete]))
    assert "Ya se puso en cola: no es un borrador." in page
    assert "no está registrada en el PAC" in page
    assert Document.objects.filter(submission="QUEUED").count() == 0


def test_refreshing_many_makes_them_due_and_names_those_that_cannot_be(browser, own):
    Document.objects.filter(pk=own.pk).update(due_at=None)
    draft = a_document(cufe="", submission="DRAFT", legal_status="", document_id="")
    response = run(browser, "bulk_refresh", [own, draft])
    own.refresh_from_db()
    assert own.due_at is not None
    messages = said(browser.get(response["Location"]))
    assert "Se consulta al PAC por 1 documento." in messages
    assert any("No hay nada que consultar" in message for message in messages)


def test_attaching_many_leaves_out_those_that_have_their_pdf(browser, own):
    Document.objects.filter(pk=own.pk).update(has_pdf=True, due_at=None)
    without = a_document(cufe="", has_pdf=False)
    response = run(browser, "bulk_attach_pdf", [own, without])
    own.refresh_from_db()
    without.refresh_from_db()
    assert (own.due_at, bool(without.due_at)) == (None, True)
    assert any("Ya tiene su PDF" in message for message in said(browser.get(response["Location"])))


@pytest.mark.parametrize("action", ["bulk_void", "bulk_issue", "bulk_refresh", "bulk_attach_pdf"])
def test_choosing_nothing_that_one_may_see_does_nothing(browser, own, foreign, action):
    response = run(browser, action, [foreign], confirmed="1", reason=REASON)
    assert response.status_code in {200, 302}
    foreign.refresh_from_db()
    assert (foreign.void_status, foreign.due_at) == ("", None)


def test_the_address_of_the_list_does_nothing_by_get(browser, three):
    chosen = "&".join(f"_selected_action={document.pk}" for document in three)
    browser.get(list_address(f"?action=bulk_void&confirmed=1&reason={REASON}&{chosen}"))
    assert void_statuses(three) == ["", "", ""]
