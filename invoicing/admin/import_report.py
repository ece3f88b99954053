"""The report of an imported file: its figures, a page of its rows, and all of them as CSV."""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cifras.core.admin.badges import AMBER, BLUE, GREEN, GREY, RED, Badge
from cifras.core.cells import safe_cell
from invoicing.admin.figures import as_received
from invoicing.admin.members import member_name
from invoicing.models import Document, ImportBatch, ImportRow
from invoicing.services.importing import run

Stage, State = ImportBatch.Stage, ImportRow.State
PAGE = 50
ERRORS = "errors"
_STATES: Mapping[str, Badge] = {
    State.PENDING: Badge(State.PENDING.label, "schedule", GREY),
    State.READY: Badge(State.READY.label, "task_alt", BLUE),
    State.CREATED: Badge(State.CREATED.label, "check_circle", GREEN),
    State.KNOWN: Badge(State.KNOWN.label, "done_all", GREY),
    State.REFUSED: Badge(State.REFUSED.label, "block", RED),
}
_STAGES: Mapping[str, Badge] = {
    Stage.READING: Badge(Stage.READING.label, "hourglass_top", BLUE),
    Stage.CHECKING: Badge(Stage.CHECKING.label, "fact_check", BLUE),
    Stage.CHECKED: Badge(Stage.CHECKED.label, "front_hand", AMBER),
    Stage.IMPORTING: Badge(Stage.IMPORTING.label, "sync", BLUE),
    Stage.DONE: Badge(Stage.DONE.label, "task_alt", GREEN),
    Stage.FAILED: Badge(Stage.FAILED.label, "error", RED),
}
_HEADER = (
    gettext_lazy("fila"),
    gettext_lazy("referencia"),
    gettext_lazy("cufe"),
    gettext_lazy("resultado"),
    gettext_lazy("documento"),
    gettext_lazy("motivos"),
    gettext_lazy("avisos"),
)


@dataclass(frozen=True, slots=True)
class ShownRow:
    """One row of the report."""

    number: int
    name: str
    badge: Badge
    address: str
    document: str
    reasons: list[tuple[str, str]]
    notes: list[tuple[str, str]]


def stage_badge(batch: ImportBatch) -> Badge:
    """Where the file stands."""
    return _STAGES[batch.stage]


def is_moving(batch: ImportBatch) -> bool:
    """Whether the workers have something to do with it."""
    return batch.stage in {Stage.READING, *run.TO_DO} and batch.due_at is not None


def report(batch: ImportBatch, *, only: str, after: int) -> dict[str, Any]:
    """What page and fragment show: figures, progress, and a page of rows behind row `after`."""
    counts = run.counts(batch)
    rows = batch.rows.order_by("number").filter(number__gt=after)
    if only == ERRORS:
        rows = rows.filter(state=State.REFUSED)
    found = list(rows[: PAGE + 1])
    left = sum(counts[state] for state in run.TO_DO.get(batch.stage, ()))
    return {
        "counts": counts,
        "figures": [
            (badge, counts[state])
            for state, badge in _STATES.items()
            if counts[state] or state == State.REFUSED
        ],
        "done": counts["ALL"] - left,
        "all": counts["ALL"],
        "stage": stage_badge(batch),
        "is_moving": is_moving(batch),
        "may_approve": batch.stage == Stage.CHECKED and counts[State.READY] > 0,
        "rows": _shown(found[:PAGE]),
        "next_after": found[PAGE - 1].number if len(found) > PAGE else 0,
        "after": after,
        "only": only,
        "problems": batch.problem or [],
    }


def csv_lines(batch: ImportBatch) -> Iterator[str]:
    """The whole report as CSV, line by line, safe against formulas."""
    writer = csv.writer(_Echo())
    yield "\ufeff" + writer.writerow([str(name) for name in _HEADER])
    for row in batch.rows.order_by("number").iterator(chunk_size=500):
        cells = (
            row.number,
            row.external_id,
            row.cufe,
            row.get_state_display(),
            row.document_uid or "",
            _in_words(row.reasons),
            _in_words(row.notes),
        )
        yield writer.writerow([safe_cell(cell) for cell in cells])


class _Echo:
    """A file that gives back what is written to it."""

    def write(self, text: str) -> str:
        return text


def _shown(rows: list[ImportRow]) -> list[ShownRow]:
    wanted = [row.document_uid for row in rows if row.document_uid]
    documents = (
        {document.uid: document for document in Document.objects.filter(uid__in=wanted)} if wanted else {}
    )
    return [_row(row, documents.get(row.document_uid) if row.document_uid else None) for row in rows]


def _row(row: ImportRow, document: Document | None) -> ShownRow:
    address = reverse(f"admin:invoicing_{document.face_name}_change", args=[document.uid]) if document else ""
    return ShownRow(
        number=row.number,
        name=as_received(row.external_id or row.cufe[-12:], 100),
        badge=_STATES[row.state],
        address=address,
        document=str(document) if document else "",
        reasons=_said(row.reasons),
        notes=_said(row.notes),
    )


def _said(reasons: Any) -> list[tuple[str, str]]:
    """(the member in words, the sentence) of each reason."""
    return [
        (str(member_name(each["field"])) if each["field"] else "", as_received(each["message"], 500))
        for each in reasons
    ]


def _in_words(reasons: Any) -> str:
    return " | ".join(
        f"{each['field']}: {each['message']}" if each["field"] else each["message"] for each in reasons
    )


def no_rows_text(only: str) -> str:
    """What stands where there are no rows."""
    return _("Ninguna fila tiene errores.") if only == ERRORS else _("El archivo aún no se ha leído.")
