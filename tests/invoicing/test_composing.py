"""One form, one document; and what is half written is judged as far as it goes."""

import threading
import uuid
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection

from cifras.fiscal.document import Kind
from cifras.fiscal.errors import RuleBroken
from invoicing import services
from invoicing.models import Document, TimelineEvent
from invoicing.services import composing
from invoicing.services.composing import Form
from invoicing.services.half_written import read_half_written
from invoicing.services.reading import read_entry
from tenants.models import Tenant
from tests import factories


@pytest.fixture
def tenant(db: None, pac: Any) -> Tenant:
    return factories.a_tenant()


def without_reference(tenant: Tenant, **changes: Any) -> dict[str, Any]:
    return factories.invoice_json(tenant, external_id="", **changes)


def codes(refusal: RuleBroken) -> set[tuple[str, str]]:
    return {(reason.code, reason.field) for reason in refusal.reasons}


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_a_form_sent_twice_at_once_is_issued_once(pac):
    entry = read_entry(without_reference(factories.a_tenant()), kind=Kind.INVOICE)
    form, made, start = Form(uuid.uuid4()), [], threading.Barrier(4)

    def press() -> None:
        start.wait()
        made.append(composing.issue(entry, form, actor=None).number)
        connection.close()

    presses = [threading.Thread(target=press) for _ in range(4)]
    for press_of_a_button in presses:
        press_of_a_button.start()
    for press_of_a_button in presses:
        press_of_a_button.join()
    assert made == ["0000000001"] * 4
    assert Document.objects.count() == 1
    assert TimelineEvent.objects.filter(code="queued").count() == 1


def test_the_same_content_under_a_known_reference_is_the_first_document(tenant):
    entry = read_entry(factories.invoice_json(tenant, external_id="SO-1"), kind=Kind.INVOICE)
    first, second = (composing.issue(entry, Form(uuid.uuid4()), actor=None) for _ in range(2))
    assert first.pk == second.pk
    assert Document.objects.count() == 1


def test_a_rehearsal_takes_no_number_and_leaves_no_trace(tenant):
    found = composing.rehearse(without_reference(tenant), Form(uuid.uuid4()), actor=None)
    assert found.reasons == ()
    assert not Document.objects.exists()
    assert not TimelineEvent.objects.exists()
    issued = composing.issue(
        read_entry(without_reference(tenant), kind=Kind.INVOICE), Form(uuid.uuid4()), actor=None
    )
    assert issued.number == "0000000001"


def test_a_rehearsal_of_a_changed_draft_leaves_the_draft_alone(tenant):
    form = Form(uuid.uuid4())
    kept = composing.keep_draft(read_entry(without_reference(tenant), kind=Kind.INVOICE), form, actor=None)
    changed = without_reference(tenant, lines=[factories.line(quantity="5")])
    composing.rehearse(changed, Form(kept.uid, kept.content_hash), actor=None)
    kept.refresh_from_db()
    assert kept.total == Decimal("321.00")


def test_a_negative_total_is_refused_with_every_reason_and_stores_nothing(tenant):
    data = without_reference(tenant, lines=[factories.line(unit_discount="200")], draft=True)
    with pytest.raises(RuleBroken) as refused:
        services.create_invoice(data, actor=None)
    assert codes(refused.value) >= {
        ("discount_above_price", "lines[0].unit_discount"),
        ("total_negative", "global_discounts"),
    }
    assert not Document.objects.exists()


def test_a_proforma_is_promoted_with_a_number_of_the_authoritys_series(tenant):
    proforma = services.create_invoice(without_reference(tenant, mode="PROFORM"), actor=None)
    promoted = services.generate_invoice(proforma.uid, actor=None)
    assert (proforma.number, promoted.number, promoted.series) == ("P-000001", "0000000001", "01")


def test_a_dead_document_is_nobodys_twin(tenant):
    dead = services.create_invoice(without_reference(tenant, draft=True), actor=None)
    assert composing.rehearse(without_reference(tenant), Form(uuid.uuid4()), actor=None).twins == (dead,)
    services.discard_document(dead.uid, actor=None)
    assert composing.rehearse(without_reference(tenant), Form(uuid.uuid4()), actor=None).twins == ()


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"office": None}, "office"),
        ({"lines": []}, "lines"),
        ({"lines": [{"description": "x"}]}, "lines[0].quantity"),
        ({"payments": [{"method": "02"}]}, "payments[0].amount"),
        ({"receiver": None}, "receiver"),
        ({"receiver": {"type": "NADIE"}}, "receiver.type"),
        ({"instalments": [{"sequence": 1, "amount": "1"}]}, "instalments[0].due_date"),
        ({"issue_date": "ayer"}, "issue_date"),
        ({"lines": [factories.line(isc={"rate": "5"})]}, "lines[0].isc.amount"),
        ({"exportation": {"port": "Colón"}}, "exportation.incoterm"),
        ({"unknown": 1}, "unknown"),
    ],
)
def test_what_cannot_be_read_is_stood_in_for_and_said(changes, path):
    half = read_half_written({**factories.invoice_json(Tenant(pac_company_id="01")), **changes})
    assert half.entry is not None
    assert path in {reason.field for reason in half.reasons}
    assert half.stands_in_for(path)
    assert half.stands_in_for(f"{path}.member")
    assert not half.stands_in_for("notes")


def test_what_is_no_document_at_all_is_not_stood_in_for():
    assert read_half_written({"lines": "muchas", "payments": 7}).entry is not None
    assert read_half_written({"lines": [3]}).entry is None
