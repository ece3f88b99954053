"""Bad input: every reason names its field and says what to do, the command exits with 1, and nothing is half-written."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.utils import timezone

from cifras.fiscal.errors import RuleBroken
from cifras.sandbox.server import SandboxServer
from invoicing import services
from invoicing.models import Document, NumberSeries, Receiver
from tenants.models import BillingPoint, Certificate, Office, TaxIdCheck, Tenant
from tests.clockwork import work_through
from tests.factories import (
    a_staff_member,
    a_tenant,
    an_administrator,
    contribuyente,
    credit_json,
    invoice_json,
    line,
)
from tests.terminal import type_here

pytestmark = pytest.mark.django_db

ON_CREDIT = {"payment_time": "CREDIT", "payments": [{"method": "01", "amount": "321.00"}]}
GOVERNMENT = contribuyente(type="GOBIERNO", ruc="8-NT-2-12345", dv=None)
FAR = "2099-01-31"


def in_hours(hours: float) -> str:
    return (datetime.now(UTC) + timedelta(hours=hours)).isoformat()


def a_line(**changes: Any) -> dict[str, Any]:
    return {"lines": [line(**changes)]}


def a_payment(**changes: Any) -> dict[str, Any]:
    return {"payments": [{"method": "02", "amount": "321.00", **changes}]}


def a_receiver(**changes: Any) -> dict[str, Any]:
    return {"receiver": contribuyente(**changes)}


def instalments(*rows: tuple[Any, str, str]) -> dict[str, Any]:
    names = ("sequence", "due_date", "amount")
    return ON_CREDIT | {"instalments": [dict(zip(names, row, strict=True)) for row in rows]}


@pytest.fixture
def tenant(pac: SandboxServer) -> Tenant:
    return a_tenant()


@pytest.fixture
def issue(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Callable[[dict[str, Any]], list[tuple[str, str]]]:
    """Type `issue` with a document that must be refused without a trace; answers the (code, field) of every reason."""

    def refused(data: dict[str, Any]) -> list[tuple[str, str]]:
        path = tmp_path / "document.json"
        path.write_text(json.dumps(data))
        before = everything()
        ended = type_here(capsys, "issue", str(path))
        assert (ended.code, ended.line["id"]) == (1, None)
        assert everything() == before
        for error in ended.line["errors"]:
            assert error["message"].strip().endswith(".")
            assert error["message"] in ended.err
        return [(error["code"], error["field"]) for error in ended.line["errors"]]

    return refused


def everything() -> tuple[dict[str, int], list[Any]]:
    """How many rows each table of ours has, and where every series stands."""
    models = [
        model for name in ("core", "tenants", "invoicing") for model in apps.get_app_config(name).get_models()
    ]
    rows = {model._meta.label: model._default_manager.count() for model in models if not model._meta.proxy}
    return rows, list(NumberSeries.objects.order_by("pk").values())


SHAPES = {
    "an unknown member": ({"colour": "red"}, ("unknown_member", "colour")),
    "an unknown member of the receiver": (a_receiver(shape=1), ("unknown_member", "receiver.shape")),
    "an unknown member of a line": (a_line(colour=1), ("unknown_member", "lines[0].colour")),
    "an unknown member of a payment": (a_payment(x=1), ("unknown_member", "payments[0].x")),
    "an unknown ad-hoc member": ({"ad_hoc": {"x": 1}}, ("unknown_member", "ad_hoc.x")),
    "a member of imports": ({"cufe": "FE"}, ("unknown_member", "cufe")),
    "a truth for an amount": (a_line(quantity=True), ("not_an_amount", "lines[0].quantity")),
    "a comma for the point": (a_line(quantity="1,5"), ("not_an_amount", "lines[0].quantity")),
    "an exponent": (a_line(quantity="1e3"), ("not_an_amount", "lines[0].quantity")),
    "a thousands mark": (a_line(unit_price="1,500.00"), ("not_an_amount", "lines[0].unit_price")),
    "a null for a price": (a_line(unit_price=None), ("missing", "lines[0].unit_price")),
    "seven decimals": (a_line(unit_price="0.1234567"), ("amount_too_precise", "lines[0].unit_price")),
    "a fraction of a cent": (a_payment(amount="321.001"), ("too_many_decimals", "payments[0].amount")),
    "too large a quantity": (a_line(quantity="99999999999"), ("amount_too_large", "lines[0].quantity")),
    "too large a rate": (a_line(tax_rate="70000"), ("amount_too_large", "lines[0].tax_rate")),
    "too large an ISC rate": (
        a_line(isc={"rate": "99999", "amount": "1"}),
        ("amount_too_large", "lines[0].isc.rate"),
    ),
    "figures that multiply beyond any table": (
        a_line(quantity="9999999999", unit_price="999999999999"),
        ("amount_too_large", "lines[0].unit_price"),
    ),
    "a text for a list": (a_receiver(telephones="x"), ("wrong_type", "receiver.telephones")),
    "a number for a text": (a_receiver(emails=[1]), ("wrong_type", "receiver.emails[0]")),
    "a word for a truth": (a_receiver(withholds="yes"), ("wrong_type", "receiver.withholds")),
    "a number for a truth": ({"draft": 1}, ("wrong_type", "draft")),
    "a number for a time": ({"issue_date": 5}, ("wrong_type", "issue_date")),
    "a number for a company": ({"tenant": 5}, ("wrong_type", "tenant")),
    "a time without its zone": ({"issue_date": "2026-11-21T10:30:00"}, ("bad_time", "issue_date")),
    "a time at the end of all calendars": (
        {"issue_date": "9999-12-31T23:59:59-12:00"},
        ("bad_time", "issue_date"),
    ),
    "a time at their beginning": ({"issue_date": "0001-01-01T00:00:00+14:00"}, ("bad_time", "issue_date")),
    "a date of another land": ({"due_date": "31/12/2026"}, ("bad_date", "due_date")),
    "no lines": ({"lines": []}, ("empty_list", "lines")),
    "no payments": ({"payments": None}, ("empty_list", "payments")),
    "more lines than any document": ({"lines": [line()] * 10_000}, ("too_many_lines", "lines")),
    "too long a name": (a_receiver(name="x" * 201), ("bad_text", "receiver.name")),
    "too long an ad-hoc name": ({"ad_hoc": {"name": "x" * 201}}, ("bad_text", "ad_hoc.name")),
    "too long a description": (a_line(description="x" * 501), ("bad_text", "lines[0].description")),
    "too long a reference": ({"external_id": "x" * 101}, ("bad_text", "external_id")),
    "a character that no table takes": ({"notes": "a\x00b"}, ("bad_text", "notes")),
    "half of a character": ({"notes": "a\ud800b"}, ("bad_text", "notes")),
    "an unknown kind": ({"kind": "DEBIT"}, ("not_a_choice", "kind")),
    "an unknown mode": ({"mode": "LIVE"}, ("not_a_choice", "mode")),
    "an unknown receiver type": ({"receiver": {"type": "OTRO"}}, ("not_a_choice", "receiver.type")),
    "no receiver": ({"receiver": None}, ("missing", "receiver")),
    "an instalment twice": (
        instalments((1, FAR, "160.50"), (1, FAR, "160.50")),
        ("instalment_sequence", "instalments[1].sequence"),
    ),
    "an instalment of an endless number": (
        instalments((10**30, FAR, "321.00")),
        ("instalment_sequence", "instalments[0].sequence"),
    ),
    "an instalment without a date": (
        instalments((1, "", "321.00")),
        ("missing", "instalments[0].due_date"),
    ),
    "a note without its invoice": ({"kind": "CREDIT"}, ("missing", "references")),
    "a note that names no invoice": ({"kind": "CREDIT", "references": {}}, ("missing", "references")),
    "an invoice that refers to another": (
        {"references": {"external_id": "SO-A"}},
        ("reference_on_invoice", "references"),
    ),
}

LAW = {
    "payments above the total": (
        a_payment(method="03", amount="321.01"),
        ("payments_do_not_add_up", "payments"),
    ),
    "payments below the total": (a_payment(amount="320.99"), ("payments_do_not_add_up", "payments")),
    "a wrong change": ({"change": "5"}, ("change_does_not_match", "change")),
    "a discount above the sale": (
        {"global_discounts": [{"description": "Promoción", "amount": "999"}]},
        ("discount_above_lines", "global_discounts"),
    ),
    "instalments that do not add up": (
        instalments((1, FAR, "320.00")),
        ("instalments_do_not_add_up", "instalments"),
    ),
    "an instalment before the issue": (
        instalments((1, "2020-01-31", "321.00")),
        ("instalment_due_date", "instalments[0].due_date"),
    ),
    "a sale on credit without a date": (ON_CREDIT, ("instalments_missing", "instalments")),
    "instalments on a cash sale": (
        {"instalments": [{"sequence": 1, "due_date": FAR, "amount": "321.00"}]},
        ("instalments_on_cash_sale", "instalments"),
    ),
    "another means of payment that is not told": (
        a_payment(method="99"),
        ("text_too_short", "payments[0].description"),
    ),
    "an unknown means of payment": (a_payment(method="77"), ("payment_method_unknown", "payments[0].method")),
    "a wrong DV": (a_receiver(dv="58"), ("dv_mismatch", "receiver.dv")),
    "a wrong RUC": (a_receiver(ruc="155596713"), ("ruc_shape", "receiver.ruc")),
    "a wrong RUC without its DV": (a_receiver(ruc="155596713", dv=None), ("ruc_shape", "receiver.ruc")),
    "a wrong ad-hoc RUC": ({"ad_hoc": {"ruc": "155596713"}}, ("ruc_shape", "receiver.ruc")),
    "no RUC": (a_receiver(ruc=None), ("receiver_ruc_missing", "receiver.ruc")),
    "a company as final consumer": (
        {"receiver": {"type": "CONSUMIDOR_FINAL", "contributor": "JURIDICO", "ruc": "155596713-2-2015"}},
        ("juridical_ruc_for_final_consumer", "receiver.ruc"),
    ),
    "a foreigner without a passport": (
        {"receiver": {"type": "EXTRANJERO", "name": "John Doe"}},
        ("foreign_id_missing", "receiver.foreign_id"),
    ),
    "a location of nowhere": (a_receiver(location="99-99-99"), ("location_shape", "receiver.location")),
    "a government line without its CPBS unit": (
        {"receiver": GOVERNMENT, **a_line(cpbs_code="8111")},
        ("missing_cpbs_unit", "lines[0].cpbs_unit"),
    ),
    "a withholding without its code": (
        a_receiver(withholds=True),
        ("missing_retention_code", "retention_code"),
    ),
    "an export inside the country": (
        {"exportation": {"incoterm": "FOB", "currency": "USD", "amount": "1"}},
        ("exportation_not_allowed", "exportation"),
    ),
    "an unknown office": ({"office": "0099"}, ("unknown_office", "office")),
    "an unknown billing point": ({"billing_point": "002"}, ("unknown_billing_point", "billing_point")),
    "an unknown company": ({"tenant": "nobody"}, ("unknown_tenant", "tenant")),
    "an unknown receiver": ({"receiver": {"code": "nobody"}}, ("unknown_receiver", "receiver.code")),
    "a document of another system without its CUFE": ({"mode": "DGI_IMPORT"}, ("missing", "cufe")),
}


@pytest.mark.parametrize("case", SHAPES)
def test_what_cannot_be_read_is_refused(tenant: Tenant, issue: Any, case: str) -> None:
    changes, reason = SHAPES[case]
    assert issue({**invoice_json(tenant), **changes}) == [reason]


@pytest.mark.parametrize("case", LAW)
def test_what_the_law_or_our_records_forbid_is_refused(tenant: Tenant, issue: Any, case: str) -> None:
    changes, reason = LAW[case]
    assert issue({**invoice_json(tenant), **changes}) == [reason]


def test_a_government_line_without_cpbs_misses_both_members(tenant: Tenant, issue: Any) -> None:
    assert issue(
        invoice_json(tenant, receiver=GOVERNMENT, lines=[line(), line()], **a_payment(amount="642.00"))
    ) == [
        (f"missing_cpbs_{member}", f"lines[{index}].cpbs_{member}")
        for index in (0, 1)
        for member in ("code", "unit")
    ]


def test_all_reasons_are_told_at_once(tenant: Tenant, issue: Any) -> None:
    wrong = {
        **a_receiver(dv="58", emails=["nobody"]),
        **a_line(tax_rate="8"),
        "issue_date": in_hours(1),
        "billing_point": "002",
    }
    assert sorted(issue({**invoice_json(tenant), **wrong})) == [
        ("dv_mismatch", "receiver.dv"),
        ("email_shape", "receiver.emails[0]"),
        ("issue_date_future", "issue_date"),
        ("payments_do_not_add_up", "payments"),
        ("tax_rate_unknown", "lines[0].tax_rate"),
        ("unknown_billing_point", "billing_point"),
    ]


def test_an_issue_date_lies_between_now_and_thirty_days_ago(tenant: Tenant, issue: Any) -> None:
    future, past = in_hours(0.1), in_hours(-31 * 24)
    assert issue(invoice_json(tenant, issue_date=future)) == [("issue_date_future", "issue_date")]
    assert issue(invoice_json(tenant, issue_date=past)) == [("issue_date_too_old", "issue_date")]
    assert services.create_invoice(invoice_json(tenant, issue_date=in_hours(-29 * 24)), actor=None).number


def test_a_company_may_allow_less_back_dating_than_the_settings(tenant: Tenant, issue: Any) -> None:
    Tenant.objects.update(max_backdate_days=1)
    assert issue(invoice_json(tenant, issue_date=in_hours(-49))) == [("issue_date_too_old", "issue_date")]


def test_a_sale_below_zero_hears_of_its_date_by_the_companys_own_days(tenant: Tenant, issue: Any) -> None:
    Tenant.objects.update(discounts_after_tax=True, max_backdate_days=3)
    rebate = {"global_discounts": [{"description": "Rebaja", "amount": "999"}]}
    below = issue(invoice_json(tenant, issue_date=in_hours(-49), **rebate))
    assert "total_negative" in dict(below)
    assert "issue_date_too_old" not in dict(below)


# The company, its office, its certificate


@pytest.mark.parametrize(
    ("changes", "codes"),
    [
        ({"state": Tenant.State.SUSPENDED}, ["tenant_not_active"]),
        ({"state": Tenant.State.CLOSED}, ["tenant_not_active"]),
        ({"environment": Tenant.Environment.LIVE, "may_issue_live": False}, ["tenant_not_affiliated"]),
        ({"environment": Tenant.Environment.LIVE, "state": Tenant.State.ONBOARDING}, ["tenant_not_active"]),
    ],
)
def test_a_company_that_may_not_issue(
    tenant: Tenant, issue: Any, changes: dict[str, Any], codes: list[str]
) -> None:
    Tenant.objects.update(**changes)
    assert issue(invoice_json(tenant)) == [(code, "tenant") for code in codes]


def test_a_company_that_the_provider_does_not_know(tenant: Tenant, issue: Any) -> None:
    Tenant.objects.update(pac_company_id=None)
    data = invoice_json(tenant) | {"tenant": str(tenant.uid)}
    assert issue(data) == [("tenant_not_registered", "tenant")]


def test_an_expired_certificate(tenant: Tenant, issue: Any) -> None:
    now = timezone.now()
    Certificate.objects.create(
        tenant=tenant, fingerprint="f", not_before=now - timedelta(days=9), not_after=now - timedelta(days=1)
    )
    assert issue(invoice_json(tenant)) == [("certificate_expired", "tenant")]
    Certificate.objects.update(replaced_at=now)
    assert services.create_invoice(invoice_json(tenant), actor=None).number


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"closed_at": "2026-01-01T00:00:00Z"}, "office_closed"),
        ({"pac_office_id": ""}, "office_not_registered"),
    ],
)
def test_an_office_that_may_not_issue(tenant: Tenant, issue: Any, changes: dict[str, Any], code: str) -> None:
    Office.objects.update(**changes)
    assert issue(invoice_json(tenant)) == [(code, "office")]


def test_a_ruc_that_the_provider_has_denied(tenant: Tenant, issue: Any) -> None:
    TaxIdCheck.objects.create(
        country="PA",
        environment=tenant.environment,
        ruc="155596713-2-2015",
        contributor="JURIDICO",
        is_known=False,
        checked_at=timezone.now(),
    )
    assert issue(invoice_json(tenant)) == [("unknown_tax_id", "receiver.ruc")]


# References of a note


@pytest.mark.parametrize("name", ["external_id", "id"])
def test_a_note_to_an_invoice_that_nobody_knows(tenant: Tenant, issue: Any, name: str) -> None:
    data = credit_json(tenant, "SO-A") | {"references": {name: "SO-NONE"}}
    assert issue(data) == [("unknown_reference", "references")]


def test_a_note_to_an_invoice_of_another_company(tenant: Tenant, issue: Any) -> None:
    foreign = services.create_invoice(invoice_json(a_tenant(), external_id="SO-A"), actor=None)
    work_through(rounds=1)
    foreign.refresh_from_db()
    for reference in ({"external_id": "SO-A"}, {"id": str(foreign.uid)}, {"cufe": foreign.cufe}):
        data = credit_json(tenant, "SO-A") | {"references": reference}
        assert issue(data) == [("unknown_reference", "references")]


def test_a_note_to_an_invoice_that_is_not_authorised_void_or_spent(tenant: Tenant, issue: Any) -> None:
    invoice = services.create_invoice(invoice_json(tenant, external_id="SO-A"), actor=None)
    assert issue(credit_json(tenant, "SO-A")) == [("reference_not_authorised", "references")]
    work_through(rounds=1)
    too_much = credit_json(tenant, "SO-A", **a_line(quantity="3"), **a_payment(amount="481.50"))
    assert [field for _, field in issue(too_much)] == ["lines"]
    services.void_invoice(invoice.uid, "Factura emitida por equivocación", actor=None)
    assert issue(credit_json(tenant, "SO-A")) == [("reference_void", "references")]


def test_a_note_to_a_paper_invoice_names_it_by_cufe_and_date(tenant: Tenant, issue: Any) -> None:
    reference = {"cufe": "FE" + "0" * 64, "issue_date": in_hours(-100)}
    data = credit_json(tenant, "") | {"references": {"cufe": reference["cufe"]}}
    assert issue(data) == [("unknown_reference", "references")]
    assert services.create_credit(data | {"references": reference}, actor=None).number == "0000000001"


# Documents of others


@pytest.fixture
def stranger(tenant: Tenant) -> Any:
    """Somebody of the staff who may see another company only."""
    return a_staff_member(a_tenant())


def test_a_company_out_of_sight_does_not_exist(tenant: Tenant, stranger: Any) -> None:
    before = everything()
    with pytest.raises(RuleBroken) as refused:
        services.create_invoice(invoice_json(tenant), actor=stranger)
    assert (refused.value.code, refused.value.field) == ("unknown_tenant", "tenant")
    assert everything() == before


@pytest.mark.parametrize(
    "act",
    [
        partial(services.void_invoice, reason="Factura emitida por equivocación"),
        services.discard_document,
        services.generate_invoice,
        services.resolve_unknown,
        lambda uid, actor: services.update_invoice(uid, invoice_json(Tenant.objects.first()), actor=actor),
        lambda uid, actor: services.attach_pac_pdf(uid, "INVOICE", actor=actor),
    ],
    ids=["void", "discard", "generate", "resolve", "update", "attach"],
)
def test_a_document_out_of_sight_does_not_exist(
    tenant: Tenant, stranger: Any, act: Any, pac: SandboxServer
) -> None:
    document = services.create_invoice(invoice_json(tenant), actor=an_administrator())
    work_through(rounds=1)
    before, asked = everything(), len(pac.journal.requests())
    with pytest.raises(RuleBroken) as refused:
        act(document.uid, actor=stranger)
    assert (refused.value.code, refused.value.field) == ("unknown_document", "document")
    assert (everything(), len(pac.journal.requests())) == (before, asked)


def test_an_invoice_is_no_credit_note(tenant: Tenant) -> None:
    document = services.create_invoice(invoice_json(tenant), actor=None)
    with pytest.raises(RuleBroken) as refused:
        services.void_credit(document.uid, "Factura emitida por equivocación", actor=None)
    assert refused.value.code == "unknown_document"


# A draft may be unfinished, but what it says can be read


def test_an_unfinished_draft_is_kept_and_refused_only_when_it_is_to_be_sent(tenant: Tenant) -> None:
    data = invoice_json(tenant, draft=True, **a_receiver(dv="58"), billing_point="002")
    draft = services.create_invoice(data, actor=None)
    before = everything()
    with pytest.raises(RuleBroken) as refused:
        services.generate_invoice(draft.uid, actor=None)
    assert {reason.field for reason in refused.value.reasons} == {"receiver.dv", "billing_point"}
    assert everything() == before
    assert Document.objects.get().submission == "DRAFT"
    BillingPoint.objects.create(office=Office.objects.get(), code="002", first_number=500)
    services.update_invoice(draft.uid, data | a_receiver(), actor=None)
    assert services.generate_invoice(draft.uid, actor=None).number == "0000000500"


def test_what_was_queued_never_changes(tenant: Tenant) -> None:
    data = invoice_json(tenant)
    document = services.create_invoice(data, actor=None)
    for act in (
        lambda: services.update_invoice(document.uid, data | {"notes": "otra"}, actor=None),
        lambda: services.generate_invoice(document.uid, actor=None),
    ):
        with pytest.raises(RuleBroken) as refused:
            act()
        assert refused.value.code == "already_queued"


def test_a_registered_receiver_is_named_by_its_code(tenant: Tenant, issue: Any) -> None:
    Receiver.objects.create(tenant=a_tenant(), code="C-1", type="CONSUMIDOR_FINAL", name="De otra empresa")
    data = invoice_json(tenant) | {"receiver": {"code": "C-1"}}
    assert issue(data) == [("unknown_receiver", "receiver.code")]
    assert issue(data | {"receiver": {"code": "C-1", "name": "X"}}) == [("unknown_member", "receiver.name")]
    Receiver.objects.create(tenant=tenant, code="C-1", type="CONSUMIDOR_FINAL", name="Cliente de la casa")
    assert services.create_invoice(data, actor=None).receiver_name == "Cliente de la casa"
