"""A document's JSON form, read strictly into a `DocumentEntry` (interface: A document as JSON)."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from cifras.core.audit import plain_json
from cifras.core.reading import Reader
from cifras.fiscal.document import (
    ZERO,
    Contributor,
    Discount,
    Exportation,
    ForeignId,
    Instalment,
    Kind,
    Line,
    Mode,
    OtherTax,
    Party,
    Payment,
    PaymentTime,
    ReceiverType,
)
from cifras.fiscal.errors import gettext_noop
from cifras.fiscal.peru import receiver_type
from invoicing.services.entry import AdHoc, DocumentEntry, ReferenceName
from invoicing.services.peruvian import read_terms
from invoicing.services.reading_imported import imported_members

# What the tables hold. The law's own limits are lower and are checked with the document as a whole.
_NAME_LENGTH = 200
_MOST_LINES = 9999
_MOST_INSTALMENTS = 999
_QUANTITY_LIMIT = Decimal(10) ** 10
_PERCENT_LIMIT = Decimal(1000)
_YEARS = range(1990, 2101)


def read_entry(data: Mapping[str, Any], *, kind: Kind) -> DocumentEntry:
    """The entry that `data` describes. Raises RulesBroken with every unknown, missing or mistyped member."""
    reader = Reader(data)
    _read_kind(reader, kind)
    mode = reader.choice("mode", list(Mode), default=Mode.DGI)
    is_imported = mode == Mode.DGI_IMPORT
    peru = read_terms(reader)
    party, code = _receiver(
        reader, may_be_absent=is_imported or kind is Kind.CREDIT, is_peruvian=peru is not None
    )
    lines, credits_lines = _lines(reader, required=not is_imported, is_note=kind is Kind.CREDIT)
    entry = DocumentEntry(
        kind=kind,
        mode=Mode(mode) if mode else Mode.DGI,
        tenant=reader.text("tenant"),
        external_id=reader.text("external_id", default="", longest=100),
        office=reader.text("office", default="" if is_imported else None, longest=4),
        billing_point=reader.text("billing_point", default="", longest=4),
        issue_date=_moment(reader, "issue_date"),
        due_date=reader.day("due_date"),
        notes=reader.text("notes", default="", longest=5000),
        receiver=party,
        receiver_code=code,
        ad_hoc=_ad_hoc(reader.object("ad_hoc")),
        retention_code=reader.text("retention_code", default="", longest=1),
        retention_amount=reader.optional_amount("retention_amount", places=2),
        lines=lines,
        credits_lines=credits_lines,
        global_discounts=tuple(
            Discount(row.text("description", default=""), row.amount("amount", places=2))
            for row in reader.objects("global_discounts")
        ),
        freight=reader.optional_amount("freight", places=2) or ZERO,
        insurance=reader.optional_amount("insurance", places=2) or ZERO,
        payment_time=_payment_time(reader, may_be_absent=is_imported),
        payments=tuple(
            _payment(row) for row in reader.objects("payments", required=not is_imported and peru is None)
        ),
        change=reader.optional_amount("change", places=2) or ZERO,
        instalments=_instalments(reader),
        reference=_reference(reader, is_note=kind is Kind.CREDIT, may_be_absent=is_imported),
        exportation=_exportation(reader.object("exportation")),
        peru=peru,
        is_draft=reader.boolean("draft", default=False),
        **imported_members(reader) if is_imported else {},
    )
    reader.finish()
    return replace(entry, content_hash=content_hash(data))


def content_hash(data: Mapping[str, Any]) -> str:
    """The sha256 of the entry as written: amounts by value, absent and null members alike, order of members no matter."""
    text = json.dumps(plain_json(_canonical(data)), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _canonical(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _canonical(member) for name, member in value.items() if member is not None}
    if isinstance(value, list | tuple):
        return [_canonical(member) for member in value]
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        return f"{Decimal(repr(value) if isinstance(value, float) else value).normalize():f}"
    return value


def _read_kind(reader: Reader, kind: Kind) -> None:
    given = reader.choice("kind", list(Kind), default=kind)
    if given and given != kind:
        reader.refuse(
            "wrong_kind",
            gettext_noop("Esta operación es para documentos de la clase {kind}."),
            "kind",
            kind=kind,
        )


def _receiver(reader: Reader, *, may_be_absent: bool, is_peruvian: bool) -> tuple[Party | None, str]:
    """(the receiver as written, the code of a registered one); a note copies its invoice's, an XML names its own."""
    given = reader.object("receiver")
    if given is None:
        if not may_be_absent:
            reader.refuse("missing", gettext_noop("Falta el receptor del documento."), "receiver")
        return None, ""
    if given.has("code"):
        return None, given.text("code", longest=40)
    identity = given.text("identity_type", default="", longest=1)
    word = given.choice("type", list(ReceiverType), default=receiver_type(identity) if is_peruvian else None)
    contributor = given.choice("contributor", list(Contributor), default="")
    foreign = given.object("foreign_id")
    return (
        Party(
            type=ReceiverType(word) if word else ReceiverType.CONTRIBUYENTE,
            name=given.text("name", default="", longest=_NAME_LENGTH),
            contributor=Contributor(contributor) if contributor else None,
            ruc=given.text("ruc", default="", longest=20),
            dv=given.text("dv", default="", longest=2),
            address=given.text("address", default=""),
            location=given.text("location", default="", longest=8),
            country=given.text("country", default="PE" if is_peruvian else "PA", longest=2),
            telephones=given.texts("telephones"),
            emails=given.texts("emails"),
            withholds=given.boolean("withholds", default=False),
            retention_code=given.text("retention_code", default="", longest=1),
            foreign_id=ForeignId(foreign.text("number"), foreign.text("country")) if foreign else None,
            identity_type=identity,
            identity_number=given.text("identity_number", default="", longest=15),
        ),
        "",
    )


def _ad_hoc(reader: Reader | None) -> AdHoc:
    if reader is None:
        return AdHoc()
    return AdHoc(
        name=reader.text("name", default="", longest=_NAME_LENGTH),
        ruc=reader.text("ruc", default="", longest=20),
        emails=reader.texts("emails"),
    )


def _moment(reader: Reader, name: str) -> datetime | None:
    """As the reader's, in years that every zone and table can write."""
    moment = reader.moment(name)
    if moment is None or moment.year in _YEARS:
        return moment
    reader.refuse(
        "bad_time", gettext_noop("El año {year} no puede ser: corrija la fecha."), name, year=moment.year
    )
    return None


def _amount_below(limit: Decimal, reader: Reader, name: str, *, places: int = 6) -> Decimal:
    number = reader.amount(name, places=places)
    if abs(number) < limit:
        return number
    reader.refuse(
        "amount_too_large",
        gettext_noop("La cifra {value} es demasiado grande. Revise los ceros."),
        name,
        value=number,
    )
    return ZERO


def _lines(
    reader: Reader, *, required: bool, is_note: bool
) -> tuple[tuple[Line, ...], tuple[int | None, ...]]:
    """(the lines, the position of the invoice's line that each line of a note names)."""
    rows = list(reader.objects("lines", required=required))
    if len(rows) > _MOST_LINES:
        reader.refuse(
            "too_many_lines",
            gettext_noop("El documento tiene {count} líneas y caben {limit}. Repártalo en varios."),
            "lines",
            count=len(rows),
            limit=_MOST_LINES,
        )
    lines = tuple(_line(row) for row in rows)
    named = tuple(row.integer("credits_line") if row.has("credits_line") else None for row in rows if is_note)
    return lines, named


def _line(reader: Reader) -> Line:
    isc = reader.object("isc")
    return Line(
        description=reader.text("description"),
        quantity=_amount_below(_QUANTITY_LIMIT, reader, "quantity"),
        unit_price=reader.amount("unit_price"),
        tax_rate=_amount_below(_PERCENT_LIMIT, reader, "tax_rate", places=2),
        code=reader.text("code", default="", longest=50),
        unit=reader.text("unit", default="und", longest=20),
        unit_discount=reader.optional_amount("unit_discount") or ZERO,
        cpbs_code=reader.text("cpbs_code", default="", longest=10),
        cpbs_unit=reader.text("cpbs_unit", default="", longest=20),
        affectation=reader.text("affectation", default="", longest=2),
        icbper_bags=reader.integer("icbper_bags") if reader.has("icbper_bags") else 0,
        isc_rate=_amount_below(_PERCENT_LIMIT, isc, "rate", places=4) if isc and isc.has("rate") else None,
        isc_amount=isc.amount("amount", places=2) if isc else ZERO,
        oti=tuple(
            OtherTax(row.text("code"), row.amount("amount", places=2)) for row in reader.objects("oti")
        ),
    )


def _payment(reader: Reader) -> Payment:
    return Payment(
        method=reader.text("method", longest=2),
        amount=reader.amount("amount", places=2),
        description=reader.text("description", default="", longest=100),
    )


def _instalments(reader: Reader) -> tuple[Instalment, ...]:
    seen: set[int] = set()
    return tuple(_instalment(row, seen) for row in reader.objects("instalments"))


def _instalment(reader: Reader, seen: set[int]) -> Instalment:
    sequence = reader.integer("sequence")
    if sequence in seen or not 0 <= sequence <= _MOST_INSTALMENTS:
        reader.refuse(
            "instalment_sequence",
            gettext_noop("Las cuotas se numeran 1, 2, 3… en su orden, cada número una vez."),
            "sequence",
        )
    seen.add(sequence)
    due_date = reader.day("due_date")
    if due_date is None:
        reader.refuse("missing", gettext_noop("Falta la fecha de la cuota."), "due_date")
    return Instalment(
        sequence=sequence,
        due_date=due_date,  # type: ignore[arg-type]  # refused above, `finish` raises before it is used
        amount=reader.amount("amount", places=2),
        information=reader.text("information", default="", longest=200),
    )


def _payment_time(reader: Reader, *, may_be_absent: bool) -> PaymentTime:
    default = PaymentTime.CASH if may_be_absent else None
    return PaymentTime(reader.choice("payment_time", list(PaymentTime), default=default) or PaymentTime.CASH)


def _reference(reader: Reader, *, is_note: bool, may_be_absent: bool) -> ReferenceName | None:
    given = reader.object("references")
    if given is None:
        if is_note and not may_be_absent:
            reader.refuse(
                "missing",
                gettext_noop("Una nota de crédito necesita la factura de referencia."),
                "references",
            )
        return None
    name = ReferenceName(
        id=given.text("id", default=""),
        cufe=given.text("cufe", default="", longest=66).upper(),
        external_id=given.text("external_id", default="", longest=100),
        issue_date=_moment(given, "issue_date"),
    )
    if not is_note:
        reader.refuse(
            "reference_on_invoice",
            gettext_noop("Una factura no se refiere a otro documento: quítelo."),
            "references",
        )
    elif not (name.id or name.cufe or name.external_id):
        reader.refuse(
            "missing",
            gettext_noop(
                "Nombre la factura de referencia: su referencia externa, su identificador o su CUFE."
            ),
            "references",
        )
    return name


def _exportation(reader: Reader | None) -> Exportation | None:
    if reader is None:
        return None
    return Exportation(
        incoterm=reader.text("incoterm", longest=3),
        currency=reader.text("currency", longest=3),
        amount=reader.amount("amount", places=2),
        exchange_rate=reader.optional_amount("exchange_rate") or Decimal(1),
        port=reader.text("port", default="", longest=50),
    )
