"""Documents issued elsewhere, registered by their CUFE: what is believed, what is refused, what becomes of them."""

from decimal import Decimal
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.db import IntegrityError, transaction

from cifras.core.models import AuditEntry
from cifras.fiscal.document import Kind
from cifras.fiscal.errors import RuleBroken
from invoicing.models import Credit, Document, Invoice, NumberSeries, Received, TimelineEvent
from invoicing.services import create_credit, create_invoice, issuing, settling, voiding
from invoicing.services.imported import delete_import, verify_import
from invoicing.services.numbering import take_number
from invoicing.services.reading import read_entry
from tenants.models import Tenant
from tests.at_once import at_once
from tests.elsewhere import DAY, PDF, SUPPLIER, a_company, a_cufe, an_xml, registered_json
from tests.factories import line

pytestmark = pytest.mark.django_db

REASON = "Consultado por CUFE en la página de la DGI"


@pytest.fixture
def tenant() -> Tenant:
    return a_company(ruc="155704849-2-2021")  # DV 32


def register(data: dict[str, Any], *papers: bytes, kind: Kind = Kind.INVOICE) -> Document:
    return issuing.create(read_entry(data, kind=kind), actor=None, papers=papers)


def refusals(data: dict[str, Any], *papers: bytes, kind: Kind = Kind.INVOICE) -> set[tuple[str, str]]:
    before = Document.objects.count(), NumberSeries.objects.count()
    with pytest.raises(RuleBroken) as refused:
        register(data, *papers, kind=kind)
    assert (Document.objects.count(), NumberSeries.objects.count()) == before
    return {(reason.code, reason.field) for reason in refused.value.reasons}


def test_an_own_sale_takes_number_series_point_and_date_from_its_cufe(tenant: Tenant) -> None:
    code = a_cufe(tenant, 4873)
    document = create_invoice(registered_json(tenant, code), actor=None)
    assert (document.mode, document.submission, document.legal_status) == ("DGI_IMPORT", "IMPORTED", "")
    assert (document.cufe, document.series, document.number) == (code, "01", "0000004873")
    assert (document.office.code, document.billing_point) == ("0001", "001")
    assert document.issue_date and document.issue_date.isoformat() == f"{DAY}T00:00:00-05:00"
    assert (document.net, document.itbms, document.total) == (Decimal(300), Decimal(21), Decimal(321))
    assert document.totals_by_rate == [{"rate": "7", "base": "300.00", "tax": "21.00"}]
    assert document.due_at is None
    assert not document.is_received
    assert TimelineEvent.objects.filter(document_uid=document.uid, code="registered").count() == 1
    assert AuditEntry.objects.filter(action="document.registered", object_uid=document.uid).count() == 1


def test_its_number_is_reserved_and_the_series_goes_on_behind_it(tenant: Tenant) -> None:
    office = tenant.offices.get()
    for number in (41, 7):
        create_invoice(registered_json(tenant, a_cufe(tenant, number)), actor=None)
    with transaction.atomic():
        assert take_number(office, "001", "01") == "0000000042"
    # Another document of the old system with a number that is ours by now.
    Document.objects.create(
        tenant=tenant, office=office, kind="INVOICE", series="01", number="0000000042", environment="sandbox"
    )
    assert refusals(registered_json(tenant, a_cufe(tenant, 42))) == {("number_taken", "cufe")}


def test_the_same_entry_registers_one_document_and_the_cufe_no_other(tenant: Tenant) -> None:
    data = registered_json(tenant)
    first = create_invoice(data, actor=None)
    assert create_invoice(data, actor=None) == first
    nameless = registered_json(tenant, external_id=None)
    assert create_invoice(nameless, actor=None) == create_invoice(nameless, actor=None)
    assert refusals({**data, "external_id": "OTHER"}) == {("cufe_taken", "cufe")}
    assert refusals({**data, "notes": "otro"}) == {("external_id_taken", "external_id")}


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_registered_twice_at_once_it_is_one_document(tenant: Tenant) -> None:
    data = registered_json(tenant, external_id=None)
    found = at_once([lambda: create_invoice(data, actor=None)] * 4)
    assert len({document.pk for document in found}) == Document.objects.count() == 1


REFUSED: dict[str, tuple[dict[str, Any], dict[str, Any], tuple[str, str]]] = {
    "a debit note": ({"document_type": "05"}, {}, ("debit_note_not_kept", "cufe")),
    "a note given as an invoice": ({"document_type": "04"}, {}, ("cufe_kind", "kind")),
    "a DV that is not ours": ({"dv": "00"}, {}, ("cufe_dv", "cufe")),
    "a supplier's DV that cannot be": ({"ruc": SUPPLIER, "dv": "58"}, {}, ("cufe_dv", "cufe")),
    "a legal document for a practising company": ({"environment": "1"}, {}, ("cufe_environment", "cufe")),
    "an office that is not ours": ({"branch": "3OC7"}, {}, ("unknown_office", "office")),
    "another point": ({}, {"billing_point": "002"}, ("cufe_disagrees", "billing_point")),
    "another office": ({}, {"office": "0002"}, ("cufe_disagrees", "office")),
    "another day": ({}, {"issue_date": "2026-11-04T00:10:00-05:00"}, ("cufe_disagrees", "issue_date")),
    "no amounts": ({}, {"totals": None}, ("amounts_missing", "totals")),
    "no receiver": ({}, {"receiver": None}, ("receiver_missing", "receiver")),
    "a sum that is wrong": (
        {},
        {"totals": {"net": "300", "itbms": "21", "total": "312"}},
        ("totals_do_not_add_up", "totals.total"),
    ),
    "rates that nobody can tell": (
        {},
        {"totals": {"net": "320", "itbms": "21", "total": "341"}},
        ("rates_missing", "totals.by_rate"),
    ),
    "lines that say another total": (
        {},
        {"lines": [line(unit_price="100")]},
        ("totals_do_not_add_up", "totals.total"),
    ),
    "files that are not here": ({}, {"files": ["/etc/passwd"]}, ("files_not_here", "files")),
    "a member of ours that it cannot have": ({}, {"number": "1"}, ("unknown_member", "number")),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused_and_nothing_stays(tenant: Tenant, case: str) -> None:
    code, changes, reason = REFUSED[case]
    assert refusals(registered_json(tenant, a_cufe(tenant, **code), **changes)) == {reason}


def test_a_cufe_with_a_slip_of_the_hand_is_not_believed(tenant: Tenant) -> None:
    code = a_cufe(tenant)
    swapped = code[:40] + code[41] + code[40] + code[42:]
    for wrong in (code[:-1], swapped if swapped != code else code[:-1] + "x", "FE" + "9" * 64):
        [(_code, field)] = refusals(registered_json(tenant, wrong))
        assert field == "cufe"


def test_an_xml_tells_receiver_lines_totals_and_time(tenant: Tenant) -> None:
    code = a_cufe(tenant)
    data = registered_json(tenant, code, receiver=None, totals=None)
    document = register(data, an_xml(code), PDF)
    assert (document.receiver_name, document.receiver_ruc) == ("Comercial Ejemplo Uno, S.A.", SUPPLIER)
    assert (document.net, document.itbms, document.total) == (Decimal(320), Decimal(21), Decimal(341))
    assert [(row["rate"], row["base"], row["tax"]) for row in document.totals_by_rate] == [
        ("0", "20.00", "0.00"),
        ("7", "300.00", "21.00"),
    ]
    assert [row.description for row in document.lines.all()] == ["Consultoría", "Libro"]
    assert document.issue_date and document.issue_date.isoformat().startswith("2026-11-03T09:15")
    assert sorted(document.attachments.values_list("kind", "source")) == [
        ("PDF", "import"),
        ("XML", "import"),
    ]
    assert document.has_pdf


def test_an_xml_of_another_document_or_with_other_figures_is_refused(tenant: Tenant) -> None:
    code = a_cufe(tenant)
    assert refusals(registered_json(tenant, code, totals=None), an_xml(a_cufe(tenant))) == {
        ("xml_of_another", "files")
    }
    assert refusals(registered_json(tenant, code), an_xml(code)) == {("xml_disagrees", "totals.total")}
    wrong_sum = an_xml(code, total="314.00")
    assert refusals(registered_json(tenant, code, totals=None), wrong_sum) == {
        ("totals_do_not_add_up", "totals.total")
    }
    odd_rate = an_xml(code).replace(b"<dTasaITBMS>01", b"<dTasaITBMS>09")
    assert refusals(registered_json(tenant, code, totals=None), odd_rate) == {("xml_rate", "files")}
    assert refusals(registered_json(tenant, code, totals=None), an_xml(code, net="12x")) == {
        ("not_an_amount", "files")
    }
    assert refusals(registered_json(tenant, code, totals=None), an_xml(code), an_xml(code)) == {
        ("several_xml", "files")
    }


BOMB = b"""<?xml version="1.0"?><!DOCTYPE rFE [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>
<rFE><dId>&b;</dId></rFE>"""
OUTSIDE = (
    b'<?xml version="1.0"?><!DOCTYPE rFE [<!ENTITY a SYSTEM "file:///etc/passwd">]><rFE><dId>&a;</dId></rFE>'
)


@pytest.mark.parametrize(
    "paper",
    [BOMB, OUTSIDE, b"MZ\x90\x00", b"%PDF-1.4 cut off", b"<rFE><dId>", b"", b"x" * (20 * 1024**2 + 1)],
)
def test_files_are_judged_by_what_stands_in_them(tenant: Tenant, paper: bytes) -> None:
    [(code, field)] = refusals(registered_json(tenant), paper)
    assert (code in {"file_not_recognised", "file_too_large"}, field) == (True, "files")


def test_what_another_issued_is_received_and_kept_apart(tenant: Tenant) -> None:
    code = a_cufe(tenant, 1, ruc=SUPPLIER)
    create_invoice(registered_json(tenant, a_cufe(tenant, 1)), actor=None)
    received = register(
        registered_json(tenant, code, receiver=None, totals=None), an_xml(code, receiver=tenant.ruc)
    )
    assert received.is_received
    assert received.issuer_data["ruc"] == SUPPLIER
    assert received.issuer_data["name"] == "Mayorista de Colón, S.A."
    assert (received.receiver_ruc, received.number) == (tenant.ruc, "0000000001")  # no number of ours
    assert list(Received.objects.all()) == [received]
    assert received.pk not in Invoice.objects.values_list("pk", flat=True)
    assert isinstance(received.face, Received)
    with transaction.atomic():
        assert take_number(tenant.offices.get(), "001", "01") == "0000000002"
    other = a_cufe(tenant, 2, ruc=SUPPLIER)
    assert refusals(
        registered_json(tenant, other, receiver=None, totals=None), an_xml(other, receiver="2-2-2")
    ) == {("received_by_another", "tenant")}


def test_no_document_of_ours_can_be_called_received(tenant: Tenant) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Document.objects.create(
            tenant=tenant,
            office=tenant.offices.get(),
            kind="INVOICE",
            environment="sandbox",
            is_received=True,
        )


def test_verifying_needs_a_reason_and_settles_what_was_paid(tenant: Tenant) -> None:
    code = a_cufe(tenant)
    document = register(registered_json(tenant, code, totals=None), an_xml(code))
    with pytest.raises(RuleBroken, match="motivo"):
        verify_import(document.uid, reason="ok", actor=None)
    verified = verify_import(document.uid, reason=REASON, actor=None, evidence=PDF)
    again = verify_import(document.uid, reason=REASON, actor=None)
    assert verified.legal_status == again.legal_status == "DGI_AUTHORIZED"
    assert settling.business(again).status == "PAID"
    assert list(again.attachments.filter(source="evidence").values_list("kind", flat=True)) == ["PDF"]
    [entry] = AuditEntry.objects.filter(action="document.verified", object_uid=document.uid)
    assert entry.reason == REASON


def test_it_is_never_voided_discarded_nor_sent(tenant: Tenant) -> None:
    document = create_invoice(registered_json(tenant), actor=None)
    verify_import(document.uid, reason=REASON, actor=None)
    for act in (
        lambda: voiding.void_invoice(document.uid, "Factura emitida por error", actor=None),
        lambda: issuing.discard_document(document.uid, actor=None),
        lambda: issuing.generate_invoice(document.uid, actor=None),
    ):
        with pytest.raises(RuleBroken):
            act()


def test_a_registered_note_takes_from_its_invoice_what_is_left(tenant: Tenant) -> None:
    sale = create_invoice(registered_json(tenant), actor=None)
    verify_import(sale.uid, reason=REASON, actor=None)

    def note(total: str) -> dict[str, Any]:
        return registered_json(
            tenant,
            a_cufe(tenant, document_type="04"),
            kind="CREDIT",
            references={"cufe": sale.cufe},
            totals={"net": total, "total": total},
            receiver=None,
        )

    first = create_credit(note("300.00"), actor=None)
    assert first.credited == sale
    assert first.pk in Credit.objects.values_list("pk", flat=True)
    assert refusals(note("100.00"), kind=Kind.CREDIT) == {("credit_exceeds_remaining", "totals.total")}
    verify_import(first.uid, reason=REASON, actor=None)
    sale.refresh_from_db()
    assert sale.credited_total == Decimal(300)
    with pytest.raises(RuleBroken, match="notas de crédito"):
        delete_import(sale.uid, reason=REASON, actor=None)
    delete_import(first.uid, reason=REASON, actor=None)
    sale.refresh_from_db()
    assert sale.credited_total == 0


@pytest.mark.django_db(transaction=True)
def test_deleting_leaves_the_ledgers_and_no_file(tenant: Tenant) -> None:
    code = a_cufe(tenant, 12)
    document = register(registered_json(tenant, code, totals=None), an_xml(code), PDF)
    names = [each.file.name for each in document.attachments.all()]
    delete_import(document.uid, reason="Se registró en la empresa equivocada", actor=None)
    assert not Document.objects.filter(pk=document.pk).exists()
    assert [default_storage.exists(name) for name in names] == [False, False]
    codes = TimelineEvent.objects.filter(document_uid=document.uid).values_list("code", flat=True)
    assert {"registered", "import_deleted"} <= set(codes)
    assert AuditEntry.objects.get(action="document.import_deleted").before["cufe"] == code
    with transaction.atomic():
        assert take_number(tenant.offices.get(), "001", "01") == "0000000013"
