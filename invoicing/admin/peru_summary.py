"""What only the page of a Peruvian document shows: its series and operation, SUNAT's answer, what is kept back (domain 8)."""

from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from cifras.fiscal.catalogues.sunat import CreditReason, IdentityType, Operation
from cifras.fiscal.catalogues.sunat_taxes import Affectation
from invoicing.admin.figures import as_received
from invoicing.models import Document, Line
from invoicing.services.parties import party_from_snapshot

type Facts = list[tuple[Any, str]]


def facts(document: Document) -> Facts:
    """Its terms and SUNAT's answer; nothing for a document of another country."""
    terms = document.peru
    if not terms:
        return []
    has_answer = document.raw_legal_status.startswith("SUNAT")
    rate = terms.get("exchange_rate")
    return [
        (_("Comprobante"), document.kind_label),
        (_("Operación"), _coded(Operation, terms.get("operation_type", ""))),
        (_("Moneda"), document.currency if not rate else f"{document.currency} · {rate}"),
        (_("Motivo de la nota"), _coded(CreditReason, terms.get("reason_code", ""))),
        (_("Sustento"), terms.get("reason", "")),
        (_("Respuesta de la SUNAT (CDR)"), as_received(document.raw_legal_status, 60) if has_answer else ""),
        (_("Observaciones de la SUNAT"), "; ".join(_remarks(document))),
    ]


def receiver(document: Document) -> dict[str, Any]:
    """The customer by their identity document."""
    party = party_from_snapshot(document.receiver_data)
    identity = party.identity_type or IdentityType.NONE
    rows = (
        party.address,
        ", ".join(party.telephones),
        ", ".join(party.emails),
        _("Es agente de retención") if party.withholds else "",
    )
    return {
        "name": party.name or _("Sin identificar"),
        "ruc": party.identity_number.strip("-"),
        "kind": _(IdentityType(identity).label) if IdentityType.knows(identity) else identity,
        "rows": [row for row in rows if row],
    }


def line_note(row: Line) -> str:
    """The line's affectation and bags, as the catalogue calls them; empty in other countries."""
    if not row.affectation:
        return ""
    label = _coded(Affectation, row.affectation)
    if not row.icbper_bags:
        return label
    return _("{affectation} · {bags} bolsas con ICBPER").format(affectation=label, bags=row.icbper_bags)


def kept_back(document: Document) -> list[tuple[str, Decimal]]:
    """The detraction, which the customer pays into the issuer's account at the Banco de la Nación."""
    detraction = (document.peru or {}).get("detraction")
    if not detraction:
        return []
    goods = detraction.get("goods_code")
    label = _("Detracción ({code})").format(code=goods) if goods else _("Detracción")
    return [(label, Decimal(detraction["amount"]))]


def _remarks(document: Document) -> list[str]:
    rows = document.problems if document.legal_status == "DGI_AUTHORIZED" else []
    return [as_received(str(row.get("message", ""))) for row in rows if isinstance(row, dict)]


def _coded(table: Any, code: str) -> str:
    """A code with its label: "07 · Devolución por ítem"; the bare code where the table does not know it."""
    return f"{code} · {_(table(code).label)}" if code and table.knows(code) else code
