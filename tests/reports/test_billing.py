"""What a company owes for a closed month: fee, included documents, proration, voids and what comes late at its own price."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
import time_machine
from django.db import DatabaseError, IntegrityError, connection, transaction

from cifras.core import proposals
from cifras.core.append_only import AppendOnlyViolation
from cifras.core.models import AuditEntry
from cifras.fiscal.errors import RuleBroken
from reports.models import BillingDraft, BillingLine, BillingStatement, Charge, MonthClosing, Subscription
from reports.services.billing import issuing
from reports.services.billing.drafting import documents_of, draft
from reports.services.billing.papers import draft_issued, fingerprint
from reports.services.billing.plans import add_price
from reports.services.billing.terms import subscribe, withdraw_subscription
from reports.services.closing import acts
from reports.services.closing.reopening import require_reopenable
from reports.tasks import billing_task
from tenants.models import Tenant
from tenants.services import suspend_tenant
from tenants.services.activation import reactivate_tenant
from tests.at_once import at_once
from tests.factories import a_staff_member, a_tenant
from tests.reports.bills import (
    AUGUST,
    NOVEMBER,
    OCTOBER,
    SEPTEMBER,
    a_company,
    a_plan,
    close_month,
    documents,
    drafted,
    happened,
    issue,
    on,
    prices,
    voided,
)
from tests.reports.closings import CLOSED_AT, close, sold_in_october

pytestmark = [pytest.mark.django_db, pytest.mark.sqlite]
NOW = datetime(2026, 12, 9, 15, 0, tzinfo=UTC)
REASON = "El consumo no era el de esta empresa"


@pytest.fixture(autouse=True)
def in_december() -> Iterator[None]:
    with time_machine.travel(NOW, tick=True):
        yield


def owed(tenant: Tenant, month: date = OCTOBER) -> list[tuple[str, str, int, int, str]]:
    """The lines: charge, kind, documents, charged ones, amount. Each opens exactly its documents."""
    found = draft(tenant, month)
    for line in found.lines:
        if line.kind:
            assert documents_of(tenant, month, line).count() == abs(line.documents)
    assert sum(found.totals.values()) == sum(line.amount for line in found.lines)
    return [
        (line.charge.value, line.kind, line.documents, line.quantity, f"{line.amount:.2f}")
        for line in found.lines
    ]


def refused(code: str, act, *args, **kwargs) -> None:
    with pytest.raises(RuleBroken) as refusal:
        act(*args, **kwargs)
    assert refusal.value.code == code


def test_the_fee_and_what_goes_beyond_the_included_documents_of_each_kind() -> None:
    tenant = a_company("Una", a_plan())
    documents(tenant, "2026-10-01", 7)
    documents(tenant, "2026-10-31", 6)  # 23:30 local is November in UTC
    documents(tenant, "2026-11-01", 1)
    documents(tenant, "2026-10-15", 4, "CREDIT")
    close_month(tenant)
    assert owed(tenant) == [
        ("fee", "", 0, 1, "30.00"),
        ("usage", "INVOICE", 13, 3, "0.30"),
        ("usage", "CREDIT", 4, 0, "0.00"),
    ]


def test_what_the_authority_did_not_take_was_imported_or_is_for_practice_costs_nothing() -> None:
    plan = a_plan(invoices=0)
    tenant = a_company("Una", plan)
    documents(tenant, "2026-10-02", 1)
    for status in ("DGI_REJECTED", "PAC_REJECTED", "PAC_AUTHORIZED", ""):
        documents(tenant, "2026-10-02", 1, legal_status=status)
    documents(tenant, "2026-10-02", 1, mode="DGI_IMPORT", submission="IMPORTED")
    documents(tenant, "2026-10-02", 1, mode="PROFORM", submission="DRAFT", legal_status="")
    documents(tenant, "2026-10-02", 1, environment="sandbox")
    close_month(tenant)
    assert owed(tenant) == [("fee", "", 0, 1, "30.00"), ("usage", "INVOICE", 1, 1, "0.10")]
    practice = a_company("Ensayo", plan, environment="sandbox")
    documents(practice, "2026-10-02", 1)
    close_month(practice)
    refused("sandbox_tenant", draft, practice, OCTOBER)


def test_a_change_of_plan_splits_fee_included_documents_and_prices_by_days() -> None:
    """31 days: 10 on the small plan (30.00 and 10 included), 21 on the large one (90.00 and 20 included)."""
    tenant = a_company("Una", a_plan())
    subscribe(tenant, a_plan("Empresa", fee="90.00", invoices=20), starts_on=date(2026, 10, 11), actor=None)
    documents(tenant, "2026-10-10", 6)
    documents(tenant, "2026-10-11", 15)
    close_month(tenant)
    assert owed(tenant) == [
        ("fee", "", 0, 1, "9.68"),  # 30 * 10 / 31 = 9.677
        ("fee", "", 0, 1, "60.97"),  # 90 * 21 / 31 = 60.967
        ("usage", "INVOICE", 6, 2, "0.20"),  # 10 * 10 / 31 = 3.2: 4 included
        ("usage", "INVOICE", 15, 1, "0.10"),  # 20 * 21 / 31 = 13.5: 14 included
    ]


def test_days_without_service_are_not_charged_and_a_day_with_some_counts_whole() -> None:
    tenant, reason = (
        a_company("Una", a_plan(), since=date(2026, 10, 5)),
        "Contrato en revisión con el cliente",
    )
    documents(tenant, "2026-10-03", 2)  # before the plan: charged by the first one
    with time_machine.travel(on("2026-10-10")):
        suspend_tenant(tenant, reason=reason, actor=None)
    with time_machine.travel(on("2026-10-21")):
        reactivate_tenant(tenant, reason=reason, actor=None)
    with time_machine.travel(on("2026-11-20")):
        suspend_tenant(tenant, reason=reason, actor=None)
    close_month(tenant)
    fee, usage = draft(tenant, OCTOBER).lines
    assert (fee.days, fee.days_of_month, fee.amount) == (17, 31, Decimal("16.45"))  # 5 to 10 and 21 to 31
    assert (usage.documents, usage.included, str(usage.first)) == (2, 6, "2026-10-01")
    close_month(tenant, NOVEMBER)
    assert [line.amount for line in draft(tenant, NOVEMBER).lines] == [Decimal("20.00")]


def test_a_plan_that_forgives_takes_voids_of_the_month_off_and_another_one_charges_them() -> None:
    for plan, expected in (
        (a_plan("Perdona", invoices=2), [("usage", 5, 3, "0.30"), ("forgiven", -2, -2, "-0.20")]),
        (a_plan("No perdona", invoices=2, forgives_voids=False), [("usage", 5, 3, "0.30")]),
    ):
        tenant = a_company(plan.name, plan)
        documents(tenant, "2026-10-02", 3)
        documents(tenant, "2026-10-03", 2, void_status="VOIDED")
        close_month(tenant)
        assert [line[:1] + line[2:] for line in owed(tenant)[1:]] == expected


def test_a_void_after_the_closing_is_refunded_next_month_at_the_price_of_its_own() -> None:
    """Of four voided ones two were charged: two were within the included documents, and give nothing back."""
    plan = a_plan(invoices=3)
    tenant = a_company("Una", plan)
    sold = documents(tenant, "2026-10-02", 5)
    close_month(tenant)
    statement = issue(tenant)
    add_price(plan, valid_from=NOVEMBER, prices=prices("50.00", 0, 0, "9.00", "9.00"), actor=None)
    voided(sold[0])
    close_month(tenant, NOVEMBER)
    assert owed(tenant, NOVEMBER) == [("fee", "", 0, 1, "50.00"), ("refund", "INVOICE", -1, -1, "-0.10")]
    issue(tenant, NOVEMBER)
    for document in sold[1:4]:
        voided(document)
    close_month(tenant, date(2026, 12, 1))
    [_fee, refund] = draft(tenant, date(2026, 12, 1)).lines
    assert (refund.charge, refund.documents, refund.quantity, refund.amount) == (
        Charge.REFUND,
        -3,
        -1,
        Decimal("-0.10"),
    )
    assert (refund.origin_month, refund.cause) == (OCTOBER, "voided")
    assert statement.totals == {"PAB": "30.20"}
    assert sum(row.amount for row in BillingLine.objects.filter(statement=statement)) == Decimal("30.20")


def test_a_late_authorisation_costs_what_its_own_month_cost_and_says_so() -> None:
    plan = a_plan(invoices=2)
    tenant = a_company("Una", plan)
    documents(tenant, "2026-10-02", 2)
    [late] = documents(tenant, "2026-10-30", 1, legal_status="PAC_AUTHORIZED")
    close_month(tenant)
    add_price(plan, valid_from=NOVEMBER, prices=prices("50.00", 100, 100, "9.00", "9.00"), actor=None)
    happened(late, legal_status="DGI_AUTHORIZED")
    documents(tenant, "2026-11-02", 1)
    close_month(tenant, NOVEMBER)
    assert owed(tenant, NOVEMBER) == [
        ("fee", "", 0, 1, "50.00"),
        ("usage", "INVOICE", 1, 0, "0.00"),
        ("late", "INVOICE", 1, 1, "0.10"),
    ]
    found = draft(tenant, NOVEMBER)
    assert (found.lines[2].origin_month, found.lines[2].cause) == (OCTOBER, "late_authorization")
    assert found.usage["late"]["INVOICE"] == 1


def test_currencies_are_never_added() -> None:
    tenant = a_company("Una", a_plan())
    subscribe(
        tenant, a_plan("Soles", "PEN", fee="310.00", invoices=0), starts_on=date(2026, 10, 31), actor=None
    )
    documents(tenant, "2026-10-31", 1)
    close_month(tenant)
    assert draft(tenant, OCTOBER).totals == {"PAB": Decimal("29.03"), "PEN": Decimal("10.10")}


def test_only_a_closed_month_of_a_company_with_a_plan_and_a_price_is_billed() -> None:
    plan = a_plan(since=NOVEMBER)
    tenant, other = a_company("Una", plan), a_company("Otra")
    refused("month_open", draft, tenant, OCTOBER)
    for each in (tenant, other):
        documents(each, "2026-10-02", 1)
        close_month(each)
    refused("no_price", draft, tenant, OCTOBER)
    refused("no_plan", draft, other, OCTOBER)
    assert drafted() == 2
    assert set(BillingDraft.objects.values_list("problem", flat=True)) == {"no_price", "no_plan"}
    add_price(
        plan, valid_from=SEPTEMBER, prices=prices(), actor=None
    )  # no month had a price that would change
    assert draft(tenant, OCTOBER).totals == {"PAB": Decimal("30.00")}


def test_a_late_document_of_a_month_without_a_plan_is_put_before_a_person_and_never_free() -> None:
    tenant = a_company("Una", a_plan(), since=OCTOBER)
    [late] = documents(tenant, "2026-09-30", 1, legal_status="PAC_AUTHORIZED")
    for month in (SEPTEMBER, OCTOBER):
        close_month(tenant, month)
    issue(tenant)
    happened(late, legal_status="DGI_AUTHORIZED")
    close_month(tenant, NOVEMBER)
    with pytest.raises(RuleBroken) as refusal:
        draft(tenant, NOVEMBER)
    assert (refusal.value.code, "09/2026" in refusal.value.message) == ("no_plan", True)
    drafted()
    assert BillingDraft.objects.get(month=NOVEMBER).problem == "no_plan"
    # What is missing can be recorded: October's statement stands on October's own subscription.
    subscribe(tenant, a_plan("De septiembre", invoices=0, since=SEPTEMBER), starts_on=SEPTEMBER, actor=None)
    assert owed(tenant, NOVEMBER)[1:] == [("late", "INVOICE", 1, 1, "0.10")]
    issue(tenant, NOVEMBER)
    taken_back = Subscription.objects.get(tenant=tenant, starts_on=SEPTEMBER)
    refused("statement_issued", withdraw_subscription, taken_back, actor=None)


def test_a_price_touches_no_closed_month_however_many_have_been_closed_since() -> None:
    plan = a_plan()
    tenant = a_company("Una", plan)
    close_month(tenant)
    subscribe(tenant, None, starts_on=NOVEMBER, actor=None)
    later = (date(2026 + number // 12, number % 12 + 1, 1) for number in range(10, 2020))
    MonthClosing.objects.bulk_create(
        MonthClosing(
            tenant=tenant,
            month=month,
            environment="live",
            number=1,
            state="closed",
            closed_at=NOW,
            reason="Revisado",
        )
        for month in later
    )
    refused("price_touches_closed", add_price, plan, valid_from=OCTOBER, prices=prices("99.00"), actor=None)
    add_price(plan, valid_from=NOVEMBER, prices=prices("99.00"), actor=None)  # nobody is on it any more


def test_a_price_that_no_column_holds_is_refused_beside_its_field() -> None:
    for changes, field in (
        ({"fee": "100000000"}, "monthly_fee"),
        ({"units": ("1000000", "1")}, "invoice_price"),
    ):
        wrong = prices(changes.get("fee", "1.00"), 0, 0, *changes.get("units", ()))
        with pytest.raises(RuleBroken) as refusal:
            a_plan(field, prices=wrong)
        assert [(each.code, each.field) for each in refusal.value.reasons] == [("price_too_large", field)]


def test_prices_never_change_for_a_closed_month() -> None:
    plan = a_plan()
    tenant = a_company("Una", plan)
    close_month(tenant)
    for month in (AUGUST, OCTOBER):
        refused("price_touches_closed", add_price, plan, valid_from=month, prices=prices("99.00"), actor=None)
    add_price(plan, valid_from=NOVEMBER, prices=prices("99.00"), actor=None)
    assert draft(tenant, OCTOBER).totals == {"PAB": Decimal("30.00")}
    close_month(tenant, NOVEMBER)
    assert draft(tenant, NOVEMBER).totals == {"PAB": Decimal("99.00")}
    add_price(a_plan("Otro"), valid_from=AUGUST, prices=prices("1.00"), actor=None)  # nobody is on it
    refused("negative_price", add_price, plan, valid_from=date(2027, 1, 1), prices=prices("-1"), actor=None)


def test_a_company_is_on_one_plan_a_day_and_what_was_issued_stays_on_its_own() -> None:
    plan, other = a_plan(), a_plan("Empresa", fee="90.00")
    tenant = a_company("Una", plan)
    refused("day_taken", subscribe, tenant, other, starts_on=AUGUST, actor=None)
    with pytest.raises(IntegrityError), transaction.atomic():
        Subscription.objects.create(tenant=tenant, plan=other, starts_on=AUGUST)
    close_month(tenant)
    mistake = subscribe(tenant, other, starts_on=date(2026, 10, 31), actor=None)
    withdraw_subscription(mistake, actor=None)
    issue(tenant)
    refused("statement_issued", subscribe, tenant, other, starts_on=date(2026, 10, 31), actor=None)
    refused("statement_issued", withdraw_subscription, Subscription.objects.get(tenant=tenant), actor=None)
    subscribe(tenant, None, starts_on=date(2026, 11, 1), actor=None)
    close_month(tenant, NOVEMBER)
    assert draft(tenant, NOVEMBER).lines == []
    refused("nothing_to_bill", issue, tenant, NOVEMBER)


def test_an_issued_statement_is_frozen_with_its_number_prices_and_lines() -> None:
    tenant, person = a_company("Una", a_plan()), a_staff_member()
    documents(tenant, "2026-10-02", 12)
    close_month(tenant)
    refused("draft_changed", issuing.issue_statement, tenant, OCTOBER, seen="another", actor=person)
    statement = issue(tenant, actor=person)
    assert statement.number == f"EC-202610-{tenant.pk:05d}-1"
    assert (statement.totals, statement.usage["issued"]["INVOICE"]) == ({"PAB": "30.20"}, 12)
    rows = list(BillingLine.objects.filter(statement=statement))
    assert [(row.position, row.unit_price, row.amount) for row in rows] == [
        (1, Decimal(30), Decimal("30.00")),
        (2, Decimal("0.1"), Decimal("0.20")),
    ]
    assert draft_issued(statement, rows).digest == draft(tenant, OCTOBER).digest
    assert fingerprint(statement, draft_issued(statement, rows).lines) == statement.sha256
    refused("already_issued", issue, tenant)
    assert AuditEntry.objects.filter(action="billing.issued", object_uid=statement.uid).exists()
    with pytest.raises(AppendOnlyViolation):
        BillingStatement.objects.update(month=NOVEMBER)
    with pytest.raises(IntegrityError), transaction.atomic():
        BillingStatement.objects.create(
            tenant=tenant, month=OCTOBER, version=1, number="EC-2", closing_uid=statement.closing_uid
        )


@pytest.mark.postgresql
def test_the_database_itself_refuses_to_change_a_statement() -> None:
    tenant = a_company("Una", a_plan())
    close_month(tenant)
    issue(tenant)
    for table in ("reports_billingstatement", "reports_billingline", "reports_planprice"):
        with (
            pytest.raises(DatabaseError, match="append only"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(f"DELETE FROM {table}")


def test_two_persons_withdraw_a_statement_and_the_next_one_names_it() -> None:
    tenant = a_company("Una", a_plan())
    closing = close_month(tenant)
    statement = issue(tenant)
    refused("statement_issued_of_month", require_reopenable, closing)
    one, another = (a_staff_member(tenant, permissions=("reports.issue_statement",)) for _ in range(2))
    proposal = issuing.propose_withdrawal(statement, reason=REASON, actor=one)
    refused("same_person", proposals.approve, proposal, actor=one)
    refused("already_issued", issue, tenant)
    proposals.approve(proposal, actor=another)
    refused("withdrawn_already", issuing.propose_withdrawal, statement, reason=REASON, actor=one)
    require_reopenable(MonthClosing.objects.get(pk=closing.pk))
    second = issue(tenant)
    assert (second.version, second.replaces, second.number[-2:]) == (2, statement, "-2")
    assert list(BillingStatement.objects.standing()) == [second]


def test_drafts_follow_whatever_they_depend_on() -> None:
    plan = a_plan()
    tenant = a_company("Una", plan)
    close_month(tenant)
    assert (drafted(), drafted()) == (1, 0)
    subscribe(tenant, a_plan("Empresa", fee="310.00"), starts_on=date(2026, 10, 31), actor=None)
    assert drafted() == 1
    assert BillingDraft.objects.get().content["totals"] == {"PAB": "39.03"}
    issue(tenant)
    assert not BillingDraft.objects.exists()
    assert drafted() == 0


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_of_many_who_issue_at_once_one_does() -> None:
    tenant = a_company("Una", a_plan())
    close_month(tenant)
    seen = draft(tenant, OCTOBER).digest

    def press() -> str:
        try:
            return issuing.issue_statement(tenant, OCTOBER, seen=seen, actor=None).number
        except RuleBroken as refusal:
            return refusal.code

    said = at_once([press] * 4)
    assert sorted(said)[1:] == ["already_issued"] * 3
    assert BillingStatement.objects.count() == 1


@pytest.mark.usefixtures("pac")
def test_from_the_practice_pac_to_a_statement_and_a_refund() -> None:
    """The whole way: sold, closed by two persons, issued; a void afterwards comes back next month."""
    tenant = a_tenant(environment=Tenant.Environment.LIVE)
    subscribe(tenant, a_plan(invoices=2), starts_on=OCTOBER, actor=None)
    with time_machine.travel(CLOSED_AT, tick=True):
        sold = sold_in_october(tenant)
        close(tenant)
        assert billing_task() == 1
        assert issue(tenant).totals == {"PAB": "30.10"}
        with pytest.raises(RuleBroken):
            closing = MonthClosing.objects.get(tenant=tenant)
            acts.propose_reopening(closing, reason=REASON, actor=a_staff_member(tenant))
        voided(sold[0])
    close_month(tenant, NOVEMBER)
    assert owed(tenant, NOVEMBER) == [("fee", "", 0, 1, "30.00"), ("refund", "INVOICE", -1, -1, "-0.10")]
