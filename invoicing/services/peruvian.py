"""What only a Peruvian document says: as an entry gives it, as the document keeps it, as the law reads it.

A series belongs to a point of issue, so it is kept as the document's billing point: F001 there, 001 in Panama.
"""

from collections.abc import Iterable
from dataclasses import asdict, replace
from decimal import Decimal
from typing import Any

from cifras.core.reading import Reader
from cifras.fiscal.catalogues.sunat import SOLES, Operation
from cifras.fiscal.catalogues.sunat_taxes import Affectation
from cifras.fiscal.document import Comprobante, Detraction, Line, PeruTerms, Reference
from cifras.fiscal.errors import RuleBroken, gettext_noop, refuse
from cifras.fiscal.peru.baja import require_by_baja
from invoicing.models import Document
from invoicing.services.entry import DocumentEntry, PeruSaid
from tenants.models import Tenant

_GOODS = "NIU"
_PANAMANIAN_UNIT = "und"


def read_terms(reader: Reader) -> PeruSaid | None:
    """The members that an entry of Peru adds; None where it gives none of them."""
    names = ("document_kind", "series", "currency", "operation_type", "reason_code", "reason")
    given = [reader.has(name) for name in (*names, "exchange_rate", "detraction")]
    if not any(given):
        return None
    kind = reader.choice("document_kind", list(Comprobante), default="")
    return PeruSaid(
        document_kind=Comprobante(kind) if kind else None,
        series=reader.text("series", default="", longest=4).upper(),
        currency=reader.text("currency", default="", longest=3).upper(),
        operation_type=reader.text("operation_type", default="", longest=4),
        reason_code=reader.text("reason_code", default="", longest=2),
        reason=reader.text("reason", default="", longest=500),
        exchange_rate=reader.optional_amount("exchange_rate"),
        detraction=_detraction(reader.object("detraction")),
    )


def require_country(entry: DocumentEntry, tenant: Tenant) -> None:
    """Raises RuleBroken for members of another country's documents."""
    is_peru = tenant.country == Tenant.Country.PERU
    refuse(_foreign(entry, is_peru=is_peru))


def terms_of(entry: DocumentEntry, credited: Document | None) -> dict[str, Any] | None:
    """What the document keeps of them; None for an entry that does not even tell a factura from a boleta."""
    terms = draft_terms(entry, credited)
    return _plain(asdict(terms)) if terms else None


def draft_terms(entry: DocumentEntry, credited: Document | None = None) -> PeruTerms | None:
    """The entry's terms, with those that a note takes from its invoice. Raises RuleBroken for a note in another currency."""
    said = entry.peru or PeruSaid()
    base = terms_from(credited.peru, credited) if credited and credited.peru else None
    if base and said.currency and said.currency != base.currency:
        raise RuleBroken(
            "note_in_other_currency",
            gettext_noop("La nota va en la moneda de su documento, {currency}: corríjala o quítela."),
            "currency",
            currency=base.currency,
        )
    kind = said.document_kind or (base.document_kind if base else None)
    if kind is None:
        return None
    return PeruTerms(
        document_kind=kind,
        series=said.series,
        currency=said.currency or (base.currency if base else SOLES),
        operation_type=said.operation_type or (base.operation_type if base else Operation.INTERNAL_SALE),
        reason_code=said.reason_code,
        reason=said.reason,
        exchange_rate=said.exchange_rate,
        detraction=said.detraction,
    )


def terms_from(kept: dict[str, Any] | None, document: Document) -> PeruTerms | None:
    """The terms back from what the document keeps; its series and currency are its own columns."""
    if not kept:
        return None
    detraction = kept.get("detraction")
    return PeruTerms(
        document_kind=Comprobante(kept["document_kind"]),
        series=document.billing_point,
        currency=document.currency,
        operation_type=kept["operation_type"],
        reason_code=kept["reason_code"],
        reason=kept["reason"],
        exchange_rate=Decimal(kept["exchange_rate"]) if kept.get("exchange_rate") else None,
        detraction=_kept_detraction(detraction) if detraction else None,
    )


def said_of(document: Document) -> PeruSaid | None:
    """What an entry for another document like this one would say; None outside Peru."""
    terms = terms_from(document.peru, document)
    if terms is None:
        return None
    return PeruSaid(
        document_kind=terms.document_kind,
        series=terms.series,
        currency=terms.currency,
        operation_type=terms.operation_type,
        reason_code=terms.reason_code,
        reason=terms.reason,
        exchange_rate=terms.exchange_rate,
        detraction=terms.detraction,
    )


def reference_to(invoice: Document) -> Reference | None:
    """The document that a note of Peru refers to; None for one without a date, which was never queued."""
    terms = terms_from(invoice.peru, invoice)
    if terms is None or invoice.issue_date is None:
        return None
    return Reference(
        cufe="",
        issue_date=invoice.issue_date,
        document_id=invoice.document_id,
        series=invoice.billing_point,
        number=invoice.number,
        comprobante=terms.document_kind,
        total=invoice.total,
    )


def may_go_by_baja(document: Document) -> bool:
    """Whether the law lets it be voided by itself: a boleta and its notes are not, nor has Panama any such limit."""
    return (document.peru or {}).get("document_kind") != Comprobante.BOLETA


def require_by_law(document: Document) -> None:
    """Raises RuleBroken for a document whose void goes another way: a boleta and its notes, by daily summary."""
    if document.peru:
        require_by_baja(Comprobante(document.peru["document_kind"]))


def lines_of(entry: DocumentEntry) -> tuple[Line, ...]:
    """The entry's lines with what goes without saying: goods in units, taxed where they pay IGV."""
    return tuple(
        replace(
            line,
            unit=_GOODS if line.unit == _PANAMANIAN_UNIT else line.unit,
            affectation=line.affectation or (Affectation.TAXED if line.tax_rate else ""),
        )
        for line in entry.lines
    )


def printed_number(document: Document) -> str:
    """The number as SUNAT writes it, F001-12; the document's own where it has none yet."""
    return document.printed_number


def _foreign(entry: DocumentEntry, *, is_peru: bool) -> Iterable[RuleBroken]:
    if is_peru:
        if entry.kind == "INVOICE" and (entry.peru is None or entry.peru.document_kind is None):
            yield RuleBroken(
                "document_kind_missing",
                gettext_noop("Diga si es una factura o una boleta: de eso dependen la serie y el receptor."),
                "document_kind",
            )
        return
    if entry.peru is not None:
        yield RuleBroken(
            "peruvian_member",
            gettext_noop(
                "Solo los documentos del Perú llevan serie, moneda o tipo de comprobante: quítelos."
            ),
            "document_kind",
        )
    for index, line in enumerate(entry.lines):
        if line.affectation or line.icbper_bags:
            yield RuleBroken(
                "peruvian_member",
                gettext_noop("Solo las líneas de documentos del Perú llevan afectación o bolsas: quítelas."),
                f"lines[{index}].affectation",
            )


def _detraction(reader: Reader | None) -> Detraction | None:
    if reader is None:
        return None
    return Detraction(
        amount=reader.amount("amount", places=2),
        goods_code=reader.text("goods_code", default="", longest=3),
        percent=reader.optional_amount("percent"),
        account=reader.text("account", default="", longest=30),
    )


def _kept_detraction(kept: dict[str, Any]) -> Detraction:
    percent = kept.get("percent")
    return Detraction(
        amount=Decimal(kept["amount"]),
        goods_code=kept["goods_code"],
        percent=Decimal(percent) if percent else None,
        account=kept["account"],
    )


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(member) for name, member in value.items()}
    return str(value) if isinstance(value, Decimal) else value
