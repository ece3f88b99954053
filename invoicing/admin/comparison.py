"""Two documents side by side, in words: ours, and what the provider showed of its own."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cifras.core.admin.badges import AMBER, GREEN, GREY, Badge
from invoicing.admin.figures import as_received, moment, money
from invoicing.admin.words import words_of
from invoicing.models import Document
from invoicing.models.choices import VOID_STATUSES
from invoicing.services import identity

_LABELS = {
    "issuer": gettext_lazy("RUC del emisor"),
    "series": gettext_lazy("Tipo de la autoridad"),
    "office": gettext_lazy("Sucursal"),
    "billing_point": gettext_lazy("Punto de facturación"),
    "number": gettext_lazy("Número"),
    "issue_date": gettext_lazy("Fecha de emisión"),
    "receiver": gettext_lazy("Receptor"),
    "receiver_ruc": gettext_lazy("RUC del receptor"),
    "total": gettext_lazy("Total"),
    "lines": gettext_lazy("Líneas"),
    "security_code": gettext_lazy("Código de seguridad"),
    "cufe": gettext_lazy("CUFE"),
}
DIFFERS = Badge(gettext_lazy("Difiere"), "warning", AMBER)
EQUAL = Badge(gettext_lazy("Igual"), "check", GREEN)
SILENT = Badge(gettext_lazy("El PAC no lo dice"), "remove", GREY)


@dataclass(frozen=True, slots=True)
class Row:
    """One member: its name, both values as text, and whether they differ, in a word with an icon."""

    label: Any
    ours: str
    theirs: str
    badge: Badge | str
    differs: bool = False


def rows_of(document: Document) -> list[Row]:
    """The members of both; empty where the provider has not shown its document."""
    theirs = identity.held(document)
    if theirs is None:
        return []
    rows = [_row(cell, document.currency) for cell in identity.cells(document, theirs)]
    word = as_received(theirs.raw_legal_status or "—", 60)
    return [
        *rows,
        Row(_("Identificador en el PAC"), "—", as_received(theirs.document_id or "—", 255), ""),
        Row(_("Estado legal, como llegó"), "—", f"«{word}»", ""),
    ]


def received(document: Document, subject: str) -> Any:
    """The provider's answer that the decision is about, as received; empty where there is none."""
    if subject == "conflict" or (subject == "legal_conflict" and not document.pac_response):
        return shown_body(document.conflict)
    if subject == "legal_conflict":
        return document.pac_response
    return document.void_answer if subject == "void_verdict" else ""


def shown_body(conflict: Any) -> Any:
    """The raw answer of a stored conflict."""
    if isinstance(conflict, dict) and "body" in conflict:
        return conflict["body"]
    return conflict or ""


def facts_of(document: Document, subject: str) -> list[tuple[str, str]]:
    """What stands above the question, beside number, receiver and total."""
    if subject == "legal_conflict":
        words = words_of(document).legal
        news = f"{words.get(document.legal_conflict, '')} «{as_received(document.legal_conflict, 60)}»"
        return [(_("Consta"), str(words.get(document.legal_status, "—"))), (_("Dice ahora"), news.strip())]
    if subject == "void_verdict":
        return [
            (_("Anulación"), str(dict(VOID_STATUSES).get(document.void_status, _("no pedida")))),
            (_("Plazo de anulación"), moment(document.void_deadline)),
        ]
    facts = [(_("Último intento"), moment(document.last_attempt_at))]
    return facts if subject == "conflict" else [*facts, (_("CUFE calculado"), document.local_cufe or "—")]


def _row(cell: identity.Cell, currency: str) -> Row:
    badge = SILENT if cell.differs is None else DIFFERS if cell.differs else EQUAL
    return Row(
        _LABELS[cell.name],
        _shown(cell.name, cell.ours, currency) or "—",
        _shown(cell.name, as_received(cell.theirs, 300), currency) or "—",
        badge,
        bool(cell.differs),
    )


def _shown(name: str, text: str, currency: str) -> str:
    """A value as the site writes it; as received where it cannot be read."""
    try:
        if name == "total" and text:
            return money(Decimal(text), currency)
        if name == "issue_date" and text:
            return f"{date.fromisoformat(text):%d/%m/%Y}"
    except (InvalidOperation, ValueError):
        return text
    return text
