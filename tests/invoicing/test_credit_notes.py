"""Credit notes through the services and the practice PAC: what leaves, and never more than an invoice and its lines have left."""

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from cifras.fiscal import cufe
from cifras.fiscal.document import Mode
from cifras.fiscal.errors import RuleBroken
from cifras.fiscal.lifecycle import BusinessStatus, LegalStatus, Reason
from cifras.sandbox.server import SandboxServer
from invoicing import services
from invoicing.models import Document, Line
from invoicing.services import composing_notes, crediting, settling
from invoicing.services.composing_notes import How, Wish
from tenants.models import Office, Tenant
from tests.at_once import at_once
from tests.clockwork import work_through
from tests.factories import a_tenant, contribuyente, invoice_json, line

pytestmark = pytest.mark.django_db

D = Decimal
REASON = "Datos del receptor equivocados"
WHOLE = Wish(How.WHOLE)


@pytest.fixture
def tenant(pac: SandboxServer) -> Tenant:
    return a_tenant()


@pytest.fixture
def sold(tenant: Tenant) -> Callable[..., Document]:
    """An authorised invoice."""

    def issue(**changes: Any) -> Document:
        data = invoice_json(tenant, **changes)
        if "payments" not in changes:
            data["payments"] = [{"method": "02", "amount": total_of(data)}]
        document = services.create_invoice(data, actor=None)
        work_through(rounds=1)
        document.refresh_from_db()
        assert document.legal_status == LegalStatus.DGI_AUTHORIZED, document.problems
        return document

    return issue


def total_of(data: dict[str, Any]) -> str:
    drawn = services.create_invoice({**data, "mode": "PROFORM", "external_id": ""}, actor=None)
    return str(drawn.total)


def note_of(invoice: Document, wish: Wish, *, mode: Mode = Mode.DGI, **words: Any) -> dict[str, Any]:
    invoice.refresh_from_db()
    return composing_notes.note_json(composing_notes.creditable(invoice), wish, mode=mode, **words)


def credited(invoice: Document, wish: Wish, **words: Any) -> Document:
    """The note over `invoice`, authorised."""
    note = services.create_credit(note_of(invoice, wish, **words), actor=None)
    work_through(rounds=1)
    note.refresh_from_db()
    assert note.legal_status == LegalStatus.DGI_AUTHORIZED, note.problems
    return note


def units(**quantities: str) -> Wish:
    """So many units, by the position of the line: units(_1="2")."""
    return Wish(How.LINES, quantities={int(name[1:]): D(number) for name, number in quantities.items()})


def amount(text: str) -> Wish:
    return Wish(How.AMOUNT, amount=D(text))


def left_pac(pac: SandboxServer) -> dict[str, Any]:
    """The last note as the provider received it."""
    posted = [
        each for each in pac.journal.requests() if each.method == "POST" and "credit-notes" in each.path
    ]
    found: dict[str, Any] = posted[-1].body
    return found


def refused(act: Callable[[], object]) -> list[tuple[str, str]]:
    with pytest.raises(RuleBroken) as refusal:
        act()
    return [(reason.code, reason.field) for reason in refusal.value.reasons]


def books(tenant: Tenant, number: int = 2) -> list[dict[str, Any]]:
    return [line(code=f"B-{index}", description=f"Libro {index}") for index in range(1, number + 1)]


# What leaves


def test_a_full_note_leaves_as_the_invoice_did_with_its_reference(sold: Any, pac: SandboxServer) -> None:
    invoice = sold(lines=[line(code="SKU-1", unit="h", unit_discount="0.50")])
    note = credited(invoice, WHOLE, notes=REASON, emails=["otra@ejemplo.test"])
    issued = timezone.localtime(note.issue_date).isoformat()
    assert left_pac(pac) == {
        "idOffice": note.pac_office_id,
        "information": {
            "issueType": "01",
            "documentType": "04",
            "numeration": "0000000001",
            "billingPoint": "001",
            "securityCode": note.security_code,
            "cafe": {"format": 3, "delivery": 3},
            "nature": "01",
            "operationType": 1,
            "destination": 1,
            "receiverContainer": 1,
            "issueDate": issued,
            "information": REASON,
            "modificationCode": 1,
        },
        "receiver": {
            "type": "01",
            "ruc": {"type": 2, "ruc": "155596713-2-2015"},
            "name": "Comercial Ejemplo Uno, S.A.",
            "address": "Calle Ficticia 10, Edificio Muestra",
            "location": {
                "code": "8-8-7",
                "correction": "Bella Vista",
                "district": "Panamá",
                "province": "Panamá",
            },
            "country": "PA",
            "telephones": ["200-0001"],
            "emails": ["otra@ejemplo.test"],
        },
        "items": [
            {
                "number": "0001",
                "description": "Servicio de consultoría",
                "code": "SKU-1",
                "unit": "h",
                "quantity": 2,
                "prices": {"transfer": 150, "discount": 0.5},
                "itbms": {"rate": "01"},
            }
        ],
        "totals": {"paymentTime": 1, "paymentMethods": [{"type": "02", "amount": D("319.93")}]},
        "referencedDocuments": [
            {
                "issueDate": timezone.localtime(invoice.issue_date).isoformat(),
                "emissionType": "CUFE",
                "cufeIdentification": invoice.cufe,
            }
        ],
    }


def test_a_note_by_line_carries_its_part_of_a_global_discount(sold: Any, pac: SandboxServer) -> None:
    discounts = [{"description": "Promoción", "amount": "10.00"}]
    invoice = sold(lines=[line(quantity="3", unit_price="10.00"), line()], global_discounts=discounts)
    assert invoice.lines.first().discount_share == D("0.91")
    notes = [credited(invoice, units(_1="1")) for _ in range(3)]
    assert [note.net for note in notes] == [D("9.70"), D("9.69"), D("9.70")]
    [item] = left_pac(pac)["items"]
    assert (item["quantity"], item["prices"]) == (1, {"transfer": 10, "discount": D("0.3")})
    assert left_pac(pac)["information"]["modificationCode"] == 3
    assert "discounts" not in left_pac(pac)["totals"]
    rest = credited(invoice, WHOLE)
    invoice.refresh_from_db()
    assert sum(note.total for note in [*notes, rest]) == invoice.total == invoice.credited_total


def test_a_discount_after_tax_goes_with_the_lines_and_what_is_left_of_it_with_the_rest(
    sold: Any, tenant: Tenant, pac: SandboxServer
) -> None:
    tenant.discounts_after_tax = True
    tenant.save()
    discounts = [{"description": "Pronto pago", "amount": "21.00"}]
    invoice = sold(lines=books(tenant), global_discounts=discounts, freight="5.00")
    tenant.discounts_after_tax = False
    tenant.save()
    assert invoice.total == D("626.00")
    half = credited(invoice, units(_1="2"))
    assert (half.total, left_pac(pac)["totals"]["discounts"]) == (
        D("310.50"),
        [{"description": "Pronto pago", "amount": D("10.5")}],
    )
    rest = credited(invoice, WHOLE)
    assert (rest.total, rest.freight, rest.discount_total) == (D("315.50"), D("5.00"), D("10.50"))
    assert settling.business(Document.objects.get(pk=invoice.pk)).status is BusinessStatus.CANCELED


def test_a_note_by_amount_is_spread_by_rate_and_adds_up_to_the_cent(sold: Any, pac: SandboxServer) -> None:
    rates = [line(), line(tax_rate="0", unit_price="50.00"), line(tax_rate="15", unit_price="20.00")]
    invoice = sold(lines=rates)
    note = credited(invoice, amount("100.00"))
    assert note.total == D("100.00")
    assert [(row["rate"], row["base"], row["tax"]) for row in note.totals_by_rate] == [
        ("0.00", "21.41", "0.00"),
        ("7.00", "64.25", "4.50"),
        ("15.00", "8.56", "1.28"),
    ]
    items = left_pac(pac)["items"]
    assert {item["itbms"]["rate"] for item in items} == {"00", "01", "03"}
    assert [row.credited_line.position for row in note.lines.all()] == [1, 2, 3]
    assert left_pac(pac)["totals"]["paymentMethods"] == [{"type": "02", "amount": 100}]


def test_an_exempt_note_says_so_on_every_line(sold: Any, pac: SandboxServer) -> None:
    credited(sold(lines=[line(tax_rate="0")]), amount("12.34"))
    [item] = left_pac(pac)["items"]
    assert (item["itbms"], item["prices"]) == ({"rate": "00"}, {"transfer": D("12.34"), "discount": 0})


def test_a_note_to_the_government_keeps_the_cpbs_codes(sold: Any, pac: SandboxServer) -> None:
    ministry = contribuyente(type="GOBIERNO", ruc="8-NT-2-12345", dv=None, name="Ministerio de Ejemplo")
    invoice = sold(receiver=ministry, lines=[line(cpbs_code="8111", cpbs_unit="und")])
    for wish in (units(_1="1"), amount("60.50"), WHOLE):
        credited(invoice, wish)
        assert {json.dumps(item["cpbs"]) for item in left_pac(pac)["items"]} == {
            '{"code": "8111", "unit": "und"}'
        }
    assert left_pac(pac)["receiver"]["type"] == "03"


def test_a_note_to_a_final_consumer_leaves_the_ruc_out(sold: Any, pac: SandboxServer) -> None:
    credited(sold(receiver={"type": "CONSUMIDOR_FINAL", "name": "Cliente de mostrador"}), WHOLE)
    assert left_pac(pac)["receiver"] == {"type": "02", "name": "Cliente de mostrador", "country": "PA"}


def test_a_note_to_a_foreigner_has_no_ruc_and_keeps_the_export_block_in_proportion(
    sold: Any, pac: SandboxServer
) -> None:
    abroad = {
        "type": "EXTRANJERO",
        "name": "John Doe",
        "country": "US",
        "foreign_id": {"number": "X123", "country": "Estados Unidos"},
    }
    block = {"incoterm": "FOB", "currency": "USD", "exchange_rate": "1", "amount": "300.00", "port": "Balboa"}
    invoice = sold(receiver=abroad, lines=[line(tax_rate="0")], exportation=block)
    credited(invoice, units(_1="1"))
    payload = left_pac(pac)
    assert payload["receiver"]["foreign"] == {"number": "X123", "country": "Estados Unidos"}
    assert "ruc" not in payload["receiver"]
    assert (payload["information"]["documentType"], payload["information"]["destination"]) == ("04", 2)
    assert payload["exportation"] == {
        "incoterm": "FOB",
        "currency": "USD",
        "exchangeRate": 1,
        "amount": 150,
        "port": "Balboa",
    }


def test_isc_is_given_back_in_its_part(sold: Any, pac: SandboxServer) -> None:
    taxed = line(quantity="3", isc={"rate": "5", "amount": "10.00"})
    invoice = sold(lines=[taxed])
    for _ in range(3):
        credited(invoice, units(_1="1"))
    invoice.refresh_from_db()
    assert invoice.credited_total == invoice.total
    notes = Document.objects.filter(credited=invoice).order_by("pk")
    assert [note.isc for note in notes] == [D("3.33"), D("3.34"), D("3.33")]


# Limits


def test_a_line_gives_no_more_than_it_has_however_much_the_invoice_has_left(
    tenant: Tenant, sold: Any
) -> None:
    invoice = sold(lines=books(tenant))
    three = note_of(invoice, units(_1="2")) | {"external_id": "NC-1"}
    three["lines"][0]["quantity"] = "3"
    three["payments"][0]["amount"] = "481.50"
    assert refused(lambda: services.create_credit(three, actor=None)) == [("credit_exceeds_line", "lines[0]")]
    credited(invoice, units(_2="2"))
    again = note_of(invoice, units(_1="2")) | {"external_id": "NC-2"}
    again["lines"][0]["credits_line"] = 2
    assert refused(lambda: services.create_credit(again, actor=None)) == [("credit_exceeds_line", "lines[0]")]
    assert Document.objects.filter(kind="CREDIT").count() == 1


@pytest.mark.parametrize("clue", ["code", "description and price", "nothing"])
def test_a_line_is_found_without_its_position(tenant: Tenant, sold: Any, clue: str) -> None:
    lines = books(tenant) if clue == "code" else [line(description="Uno"), line(description="Dos")]
    invoice = sold(lines=lines)
    data = note_of(invoice, units(_2="1"))
    del data["lines"][0]["credits_line"]
    if clue == "nothing":
        data["lines"][0]["description"] = "Devolución"
    note = services.create_credit(data, actor=None)
    found = note.lines.get().credited_line
    assert (found.position if found else None) == (None if clue == "nothing" else 2)


def test_of_several_lines_alike_one_with_room_is_taken(sold: Any) -> None:
    invoice = sold(lines=[line(), line()])
    for serial in (1, 2):
        data = note_of(invoice, units(**{f"_{serial}": "2"})) | {"external_id": f"NC-{serial}"}
        del data["lines"][0]["credits_line"]
        services.create_credit(data, actor=None)
    taken = Line.objects.filter(document__kind="CREDIT").order_by("pk")
    assert [row.credited_line.position for row in taken if row.credited_line] == [1, 2]


def test_a_line_of_another_rate_or_of_no_line_is_refused(sold: Any) -> None:
    invoice = sold(lines=[line(), line(tax_rate="0")])
    data = note_of(invoice, units(_1="1"))
    data["lines"][0]["credits_line"] = 2
    assert ("credit_line_other_rate", "lines[0].tax_rate") in refused(
        lambda: services.create_credit(data, actor=None)
    )
    for position in (0, 3, -1):
        data["lines"][0]["credits_line"] = position
        assert refused(lambda: services.create_credit(data, actor=None)) == [
            ("unknown_credited_line", "lines[0].credits_line")
        ]
    wrong = invoice_json(invoice.tenant, lines=[line(credits_line=1)])
    assert refused(lambda: services.create_invoice(wrong, actor=None)) == [
        ("unknown_member", "lines[0].credits_line")
    ]


def test_notes_in_flight_reserve_and_fallen_ones_give_back_line_by_line(
    tenant: Tenant, sold: Any, pac: SandboxServer
) -> None:
    invoice = sold(lines=books(tenant))
    pac.behaviour.authorise_after = 3600
    flying = services.create_credit(note_of(invoice, units(_1="2"), notes="RECHAZO-DGI"), actor=None)
    services.create_credit(note_of(invoice, units(_2="2"), mode=Mode.PROFORM), actor=None)
    standing = composing_notes.creditable(invoice)
    assert [line.sold.left for line in standing.lines] == [D(0), D("321.00")]
    assert refused(lambda: note_of(invoice, units(_1="1"))) == [("credit_exceeds_quantity", "quantities[1]")]
    Document.objects.filter(pk=flying.pk).update(
        submission="REFUSED", legal_status="PAC_REJECTED", due_at=None
    )
    assert [line.sold.left for line in composing_notes.creditable(invoice).lines] == [D("321.00")] * 2


def test_a_void_note_gives_its_units_back_and_the_invoice_its_status(tenant: Tenant, sold: Any) -> None:
    invoice = sold(lines=books(tenant))

    def business() -> Any:
        return settling.business(Document.objects.select_related("tenant").get(pk=invoice.pk))

    first = credited(invoice, units(_1="2"))
    assert business().status is BusinessStatus.PARTIALLY_CANCELED
    assert settling.business(first).status is BusinessStatus.APPLIED
    rest = credited(invoice, WHOLE)
    assert (business().status, business().reason) == (BusinessStatus.CANCELED, Reason.CREDITED)
    services.void_credit(first.uid, REASON, actor=None)
    work_through(rounds=1)
    first.refresh_from_db()
    assert settling.business(first).status is BusinessStatus.VOID
    assert business().status is BusinessStatus.PARTIALLY_CANCELED
    assert composing_notes.creditable(invoice).lines[0].sold.quantity_left == 2
    assert credited(invoice, units(_1="2")).modification_code == 3
    assert rest.modification_code == 3
    assert business().status is BusinessStatus.CANCELED


def test_a_proforma_whose_invoice_has_no_room_any_more_is_refused_with_every_reason(
    tenant: Tenant, sold: Any
) -> None:
    invoice = sold(lines=books(tenant))
    proforma = services.create_credit(note_of(invoice, units(_1="2"), mode=Mode.PROFORM), actor=None)
    assert (proforma.number, proforma.submission) == ("P-000002", "DRAFT")
    credited(invoice, WHOLE)
    Office.objects.update(pac_office_id="")
    assert refused(lambda: services.convert_credit_to_dgi(proforma.uid, actor=None)) == [
        ("office_not_registered", "office"),
        ("credit_exceeds_remaining", "lines"),
        ("credit_exceeds_line", "lines[0]"),
    ]
    proforma.refresh_from_db()
    assert (proforma.mode, proforma.number, proforma.submission) == ("PROFORM", "P-000002", "DRAFT")


def test_a_proforma_is_promoted_with_the_next_number_of_the_authority(sold: Any) -> None:
    proforma = services.create_credit(note_of(sold(), WHOLE, mode=Mode.PROFORM), actor=None)
    note = services.convert_credit_to_dgi(proforma.uid, actor=None)
    assert (note.mode, note.series, note.number, note.submission) == ("DGI", "04", "0000000001", "QUEUED")


def test_a_closed_office_still_issues_notes_for_what_it_sold(sold: Any) -> None:
    invoice = sold()
    Office.objects.update(closed_at=timezone.now())
    assert credited(invoice, WHOLE).office == invoice.office


# References


def test_an_own_sale_of_another_system_is_credited_by_its_cufe(tenant: Tenant) -> None:
    invoice = an_imported_sale(tenant)
    wish = amount("50.00")
    data = note_of(invoice, wish)
    assert "credits_line" not in data["lines"][0]
    note = services.create_credit(data, actor=None)
    assert (note.submission, note.reference_cufe, note.total) == ("QUEUED", invoice.cufe, D("50.00"))
    assert composing_notes.creditable(invoice).left == D("57.00")
    assert services.create_credit(note_of(invoice, WHOLE), actor=None).total == D("57.00")
    assert crediting.remaining(invoice) == 0


def test_what_another_taxpayer_issued_or_a_note_is_not_credited(tenant: Tenant) -> None:
    invoice = an_imported_sale(tenant)
    data = note_of(invoice, WHOLE) | {"receiver": contribuyente()}
    strange = {
        "reference_of_another_issuer": a_cufe("155596713-2-2015", "59"),
        "reference_not_an_invoice": a_cufe(tenant.ruc, tenant.dv, "04"),
    }
    for code, named in strange.items():
        data["references"] = {"cufe": named, "issue_date": "2026-01-10T10:00:00-05:00"}
        assert refused(lambda: services.create_credit(data, actor=None)) == [(code, "references")]
    received = note_of(invoice, WHOLE)
    Document.objects.filter(pk=invoice.pk).update(is_received=True, issue_date="2026-01-10T10:00:00-05:00")
    assert refused(lambda: services.create_credit(received, actor=None)) == [
        ("reference_of_another_issuer", "references")
    ]


def a_cufe(ruc: str, dv: str, document_type: str = "01") -> str:
    return cufe.build(
        document_type=document_type,
        contributor="JURIDICO",
        ruc=ruc,
        dv=dv,
        branch="0001",
        issue_date=timezone.now(),
        number="0000004711",
        billing_point="001",
        environment="2",
        security_code="123456789",
    )


def an_imported_sale(tenant: Tenant) -> Document:
    return Document.objects.create(
        tenant=tenant,
        office=tenant.offices.get(),
        kind="INVOICE",
        mode="DGI_IMPORT",
        submission="IMPORTED",
        environment=tenant.environment,
        provider=tenant.pac_provider,
        series="01",
        number="0000004711",
        cufe=a_cufe(tenant.ruc, tenant.dv),
        issue_date=timezone.now().replace(microsecond=0),
        receiver_name="Comercial Ejemplo Uno, S.A.",
        receiver_ruc="155596713-2-2015",
        receiver_data=contribuyente(),
        total="107.00",
        net="100.00",
        itbms="7.00",
        totals_by_rate=[{"rate": "7", "base": "100.00", "tax": "7.00"}],
    )


# Whatever the concurrency


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("way", ["one line", "document"])
def test_notes_at_once_never_exceed_the_invoice_nor_its_line(tenant: Tenant, sold: Any, way: str) -> None:
    invoice = sold(lines=books(tenant))
    entries = [note_of(invoice, units(_1="2") if way == "one line" else amount("400.00")) for _ in range(4)]

    def issue(index: int) -> str:
        try:
            return services.create_credit(
                entries[index] | {"external_id": f"NC-{index}"}, actor=None
            ).submission
        except RuleBroken as refusal:
            return refusal.code

    acts = [lambda index=index: issue(index) for index in range(4)]
    outcomes = sorted(at_once(acts))
    code = "credit_exceeds_line" if way == "one line" else "credit_exceeds_remaining"
    assert outcomes == sorted(["QUEUED", *[code] * 3])
    assert crediting.remaining(invoice) == D("642.00") - D("321.00" if way == "one line" else "400.00")
