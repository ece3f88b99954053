"""Fiscal numbers: per point and type, without a gap and without a duplicate, whatever happens (domain 5)."""

import re
from functools import partial
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from cifras.fiscal import cufe
from cifras.fiscal.errors import RuleBroken
from cifras.sandbox.server import SandboxServer
from invoicing import services
from invoicing.models import Document, NumberSeries
from tenants.models import BillingPoint, Tenant
from tests.at_once import at_once
from tests.clockwork import work_through
from tests.factories import a_tenant, an_office, contribuyente, credit_json, invoice_json

pytestmark = pytest.mark.django_db


class ChangedMind(Exception):
    """Somebody's transaction ends badly after the number was taken."""


@pytest.fixture
def tenant(pac: SandboxServer) -> Tenant:
    return a_tenant()


def issue(tenant: Tenant, **changes: Any) -> Document:
    return services.create_invoice(invoice_json(tenant, **changes), actor=None)


def issue_and_fail(tenant: Tenant, **changes: Any) -> None:
    with transaction.atomic():
        assert issue(tenant, **changes).number
        raise ChangedMind


def numbers(**conditions: Any) -> list[str]:
    return sorted(Document.objects.filter(**conditions).values_list("number", flat=True))


def in_a_row(count: int, *, first: int = 1) -> list[str]:
    return [f"{number:010d}" for number in range(first, first + count)]


def test_numbers_follow_one_another_from_one(tenant: Tenant) -> None:
    assert [issue(tenant).number for _ in range(3)] == in_a_row(3)


def test_each_office_point_and_type_counts_for_itself(tenant: Tenant) -> None:
    an_office(tenant, "0002")
    BillingPoint.objects.create(office=tenant.offices.get(code="0001"), code="002")
    issued = [
        issue(tenant, external_id="SO-A"),
        issue(tenant, billing_point="002"),
        issue(tenant, office="0002"),
        issue(a_tenant()),
        issue(tenant, mode="PROFORM"),
    ]
    work_through(rounds=1)
    note = services.create_credit(credit_json(tenant, "SO-A"), actor=None)
    assert [each.number for each in issued] == [*["0000000001"] * 4, "P-000001"]
    assert (note.number, note.series) == ("0000000001", "04")
    assert issue(tenant).number == "0000000002"


def test_the_first_number_is_a_setting_of_the_point(tenant: Tenant) -> None:
    BillingPoint.objects.update(first_number=4801)
    assert [issue(tenant, external_id=name).number for name in ("SO-A", "SO-B")] == in_a_row(2, first=4801)
    assert issue(tenant, mode="PROFORM").number == "P-000001"
    BillingPoint.objects.update(first_number=9000)
    assert issue(tenant).number == "0000004803"


def test_a_transaction_that_fails_gives_its_number_back(tenant: Tenant) -> None:
    issue(tenant)
    with pytest.raises(ChangedMind):
        issue_and_fail(tenant)
    assert issue(tenant).number == "0000000002"


def test_a_refusal_in_preflight_takes_no_number(tenant: Tenant) -> None:
    with pytest.raises(RuleBroken):
        issue(tenant, receiver=contribuyente(dv="58"))
    assert not NumberSeries.objects.exists()
    assert issue(tenant).number == "0000000001"


def test_a_draft_has_no_number_until_it_is_queued(tenant: Tenant) -> None:
    draft = issue(tenant, draft=True)
    assert (draft.number, draft.security_code) == ("", "")
    issue(tenant)
    assert services.generate_invoice(draft.uid, actor=None).number == "0000000002"


def test_a_proforma_that_becomes_an_invoice_takes_a_fiscal_number(tenant: Tenant) -> None:
    proforma = issue(tenant, mode="PROFORM")
    assert services.generate_invoice(proforma.uid, actor=None).number == "0000000001"
    assert issue(tenant, mode="PROFORM").number == "P-000002"


def test_a_number_is_never_used_again(tenant: Tenant, pac: SandboxServer) -> None:
    rejected = issue(tenant, external_id="SO-A", receiver=contribuyente(name="RECHAZO-PAC, S.A."))
    work_through(rounds=1)
    void = issue(tenant)
    work_through(rounds=1)
    services.void_invoice(void.uid, "Factura emitida por equivocación", actor=None)
    work_through(rounds=1)
    discarded = issue(tenant)
    services.discard_document(discarded.uid, actor=None)
    reissue = issue(tenant, external_id="SO-A")
    assert [each.number for each in (rejected, void, discarded, reissue)] == in_a_row(4)


def test_the_number_and_the_security_code_stay_through_every_attempt(
    tenant: Tenant, pac: SandboxServer
) -> None:
    document = issue(tenant)
    before = (document.number, document.security_code, bytes(document.payload), document.local_cufe)
    pac.faults.add("429", "create_invoice")
    pac.faults.add("500_before", "create_invoice")
    work_through()
    document.refresh_from_db()
    after = (document.number, document.security_code, bytes(document.payload), document.local_cufe)
    assert (after, document.attempts_made) == (before, 3)
    assert len({str(request.body) for request in pac.journal.requests("create_invoice")}) == 1


def test_the_security_code_has_nine_digits_by_chance_and_is_in_the_cufe(tenant: Tenant) -> None:
    documents = [issue(tenant) for _ in range(5)]
    assert len({document.security_code for document in documents}) == 5
    for document in documents:
        assert re.fullmatch(r"[0-9]{9}", document.security_code)
        parsed = cufe.parse(document.local_cufe)
        assert (parsed.number, parsed.security_code) == (document.number, document.security_code)


def test_an_exhausted_series_is_refused(tenant: Tenant) -> None:
    BillingPoint.objects.update(first_number=9_999_999_999)
    assert issue(tenant).number == "9999999999"
    with pytest.raises(RuleBroken) as refused:
        issue(tenant)
    assert (refused.value.code, refused.value.field) == ("numbering_exhausted", "billing_point")
    assert Document.objects.count() == 1


def test_the_database_itself_refuses_a_number_twice(tenant: Tenant) -> None:
    first, second = issue(tenant), issue(tenant)
    with pytest.raises(IntegrityError), transaction.atomic():
        Document.objects.filter(pk=second.pk).update(number=first.number)


# Several at once, which only PostgreSQL allows


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_no_gap_and_no_duplicate_though_many_issue_at_once_and_some_fail(tenant: Tenant) -> None:
    def issue_and_fail_in_turn() -> None:
        for _ in range(4):
            issue(tenant)
            with pytest.raises(ChangedMind):
                issue_and_fail(tenant)

    at_once([issue_and_fail_in_turn] * 6)
    assert numbers(tenant=tenant) == in_a_row(24)
    assert NumberSeries.objects.get().next_number == 25


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_points_do_not_disturb_one_another(tenant: Tenant) -> None:
    BillingPoint.objects.create(office=tenant.offices.get(), code="002")

    def issue_three(point: str) -> None:
        for _ in range(3):
            issue(tenant, billing_point=point)

    at_once([partial(issue_three, point) for point in ("001", "002") * 3])
    assert numbers(billing_point="001") == numbers(billing_point="002") == in_a_row(9)


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_the_same_content_at_once_is_one_document_with_one_number(tenant: Tenant) -> None:
    data = invoice_json(tenant, external_id="SO-A")
    documents = at_once([lambda: services.create_invoice(data, actor=None)] * 8)
    assert len({document.pk for document in documents}) == 1
    assert (numbers(), NumberSeries.objects.get().next_number) == (["0000000001"], 2)


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_other_content_at_once_under_one_external_id_is_one_document_and_refusals(tenant: Tenant) -> None:
    def issue_with(notes: str) -> str:
        try:
            return issue(tenant, external_id="SO-A", notes=notes).number
        except RuleBroken as error:
            return error.code

    answers = at_once([partial(issue_with, f"Entrega {n}") for n in range(6)])
    assert sorted(answers) == ["0000000001", *["external_id_taken"] * 5]
    assert NumberSeries.objects.get().next_number == 2


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_a_draft_that_two_people_issue_at_once_is_queued_once(tenant: Tenant) -> None:
    draft = issue(tenant, draft=True)

    def generate() -> str:
        try:
            return services.generate_invoice(draft.uid, actor=None).number
        except RuleBroken as error:
            return error.code

    assert sorted(at_once([generate] * 4)) == ["0000000001", *["already_queued"] * 3]


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_a_dead_document_is_reissued_once(tenant: Tenant) -> None:
    first = issue(tenant, external_id="SO-A")
    services.discard_document(first.uid, actor=None)

    def reissue(notes: str) -> str:
        try:
            return issue(tenant, external_id="SO-A", notes=notes).number
        except RuleBroken as error:
            return error.code

    answers = at_once([partial(reissue, f"Corrección {n}") for n in range(4)])
    assert sorted(answers) == ["0000000002", *["external_id_taken"] * 3]
    assert Document.objects.get(number="0000000002").replaces == first
