"""Differences ready to be shown: both raw values cell by cell, the decision, and what may still be done."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cifras.core.admin.badges import AMBER, BLUE, GREEN, RED, Badge
from cifras.core.models import Staff
from cifras.core.rights import may
from invoicing.admin.figures import as_received
from invoicing.models.choices import Kind
from reports.models import Difference, DifferenceComment
from reports.models.reconciliation import Decision, DifferenceClass
from reports.services.reconciling import deciding
from reports.services.reconciling.reasons import reason_text
from reports.views import cells

_DECISIONS = {
    Decision.OPEN: Badge(gettext_lazy("Por decidir"), "pending", AMBER),
    Decision.ADOPT: Badge(gettext_lazy("Adoptada"), "task_alt", GREEN),
    Decision.REFETCH: Badge(gettext_lazy("Consultada de nuevo"), "sync", BLUE),
    Decision.ACCEPT: Badge(gettext_lazy("Aceptada"), "done", GREEN),
    Decision.DISPUTE: Badge(gettext_lazy("En disputa"), "gavel", RED),
}


CELLS: Mapping[str, Any] = {
    "number": gettext_lazy("Número"),
    "document_id": gettext_lazy("Identificador en el PAC"),
    "cufe": "CUFE",
    "issue_date": gettext_lazy("Emisión"),
    "day": gettext_lazy("Día"),
    "legal_status": gettext_lazy("Estado legal"),
    "count": gettext_lazy("Documentos"),
    "total": gettext_lazy("Total"),
    "currency": gettext_lazy("Moneda"),
    "void": gettext_lazy("Anulada"),
}


@dataclass(frozen=True, slots=True)
class Cell:
    """One member on both sides, raw. `differs` is None where one side does not say."""

    name: Any
    ours: str
    pac: str
    differs: bool | None


@dataclass(frozen=True, slots=True)
class Shown:
    """One difference, ready to be shown."""

    row: Difference
    kind: Any
    reason: str
    badge: Badge
    cells: Sequence[Cell]
    address: str
    may_adopt: bool
    may_refetch: bool
    comments: Sequence[DifferenceComment] = field(default=())


def shown(rows: Sequence[Difference], staff: Staff) -> list[Shown]:
    said: dict[str, list[DifferenceComment]] = {}
    for comment in (
        DifferenceComment.objects.filter(subject__in={row.subject for row in rows}) if rows else ()
    ):
        said.setdefault(comment.subject, []).append(comment)
    adopts = may(staff, deciding.ADOPT)
    return [
        Shown(
            row=row,
            kind=cells.kind_word(row.kind) if row.kind else "—",
            reason=reason_text(row.reason_key, row.reason_values),
            badge=_DECISIONS[Decision(row.decision)],
            cells=_cells(row),
            address=_address(row, staff),
            may_adopt=adopts and deciding.may_be_adopted(row),
            may_refetch=bool(row.document_uid and row.ours.get("document_id")),
            comments=said.get(row.subject, ()),
        )
        for row in rows
    ]


def _cells(row: Difference) -> list[Cell]:
    """Every member that one side has, raw."""
    found = []
    for name, word in CELLS.items():
        ours, pac = row.ours.get(name), row.pac.get(name)
        if ours is None and pac is None:
            continue
        is_told = ours is not None and pac is not None
        differs = str(ours).lstrip("0") != str(pac).lstrip("0") if is_told else None
        found.append(Cell(word, raw_text(ours), raw_text(pac), differs))
    return found


def raw_text(value: Any) -> str:
    """A value as it stands on a side; a dash where that side says nothing."""
    if value is None:
        return "—"
    if isinstance(value, bool):
        return _("sí") if value else _("no")
    return as_received(str(value), 200)


def _address(row: Difference, staff: Staff) -> str:
    """Our document's page; empty for one of another company, or where the person may not."""
    is_own = row.document_uid and row.difference_class != DifferenceClass.OTHER_TENANT
    if not is_own or row.kind not in Kind.values or not may(staff, f"invoicing.view_{row.kind.lower()}"):
        return ""
    return reverse(f"admin:invoicing_{row.kind.lower()}_change", args=[row.document_uid])
