"""What holds for a document of any country, for the laws to say beside their own."""

from collections.abc import Iterator
from datetime import datetime, tzinfo

from cifras.fiscal.document import DocumentDraft
from cifras.fiscal.errors import RuleBroken, gettext_noop
from cifras.fiscal.money import is_whole_cents
from cifras.fiscal.zones import written

MOST_LINES = 9999  # Panama numbers a line with four digits; for Peru the limit is ours


def moment_reasons(draft: DocumentDraft, *, now: datetime, zone: tzinfo) -> Iterator[RuleBroken]:
    """Why the document's moment cannot be one of issue; without a zone nothing else can be said of it."""
    if draft.issue_date.utcoffset() is None:
        yield RuleBroken(
            "time_without_zone",
            gettext_noop("La fecha de emisión no dice su zona. Escríbala con -05:00."),
            "issue_date",
        )
    elif draft.issue_date > now:
        yield RuleBroken(
            "issue_date_future",
            gettext_noop("La fecha de emisión {issued} está en el futuro. Use la hora actual."),
            "issue_date",
            issued=written(draft.issue_date, zone),
        )


def line_count_reasons(draft: DocumentDraft) -> Iterator[RuleBroken]:
    """A document has lines, and not without end."""
    if not draft.lines:
        yield RuleBroken(
            "lines_missing", gettext_noop("El documento no tiene líneas. Agregue al menos una."), "lines"
        )
    if len(draft.lines) > MOST_LINES:
        yield RuleBroken(
            "too_many_lines",
            gettext_noop("El documento tiene {count} líneas y caben {limit}. Repártalo en varios."),
            "lines",
            count=len(draft.lines),
            limit=MOST_LINES,
        )


def instalment_reasons(draft: DocumentDraft) -> Iterator[RuleBroken]:
    """Instalments stand in their order and have amounts. When they may fall due is each law's."""
    for index, part in enumerate(draft.instalments):
        path = f"instalments[{index}]."
        if part.sequence != index + 1:
            yield RuleBroken(
                "instalment_sequence",
                gettext_noop("Las cuotas se numeran 1, 2, 3… en su orden: aquí va {expected}."),
                f"{path}sequence",
                expected=index + 1,
            )
        if part.amount <= 0 or not is_whole_cents(part.amount):
            yield RuleBroken(
                "instalment_amount",
                gettext_noop("Una cuota es mayor que cero y tiene dos decimales a lo sumo. Corríjala."),
                f"{path}amount",
            )
