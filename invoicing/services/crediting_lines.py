"""The limits of a credit note, for its total and for each line, and which line of the invoice each of its lines takes from.

A note's line names it (`credits_line`, what our own form does). Without that it is found when the note is checked and queued:
by code and rate, without a code by description, price and rate; of several alike, one that has room for it. A line that is
found nowhere counts against the document's limit alone. The caller holds the invoice's row lock while it decides.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from cifras.fiscal import crediting as law
from cifras.fiscal.catalogues.sunat_taxes import Affectation
from cifras.fiscal.document import ZERO
from cifras.fiscal.document import Line as FiscalLine
from cifras.fiscal.errors import RuleBroken, gettext_noop
from cifras.fiscal.money import CENT
from cifras.fiscal.note_lines import Sold, Taken, line_worth, taken_by
from cifras.fiscal.totals import Rounding
from invoicing.models import Document, Line
from invoicing.models.document import DocumentQuerySet
from invoicing.services import crediting, drafting
from invoicing.services.laws import rounding_of

_UNNAMED = "Factura {number}, ITBMS {rate} %"  # on the paper, which is Spanish whoever reads our pages


@dataclass(frozen=True, slots=True)
class LineStanding:
    """A line of an invoice, and what live notes have taken from it. A row without a key stands for a rate, not for a line."""

    row: Line
    sold: Sold


def standing(
    invoice: Document, *, besides: Document | None = None, rows: Sequence[Line] = ()
) -> list[LineStanding]:
    """Every line of `invoice` in its order, leaving `besides` out of the notes that count; `rows` where they are at hand."""
    notes = crediting.live_notes(invoice)
    if besides is not None:
        notes = notes.exclude(pk=besides.pk)
    taking: Mapping[int, list[FiscalLine]] = defaultdict(list)
    for row in Line.objects.filter(document__in=notes, credited_line__document=invoice):
        taking[row.credited_line_id or 0].append(as_sold(row))
    lines, rounding = rows or invoice.lines.all(), rounding_of(invoice.tenant)
    return [_standing(row, taking.get(row.pk, []), rounding) for row in lines] or _by_rate(invoice, notes)


def _by_rate(invoice: Document, notes: DocumentQuerySet) -> list[LineStanding]:
    """For an invoice that was registered without its lines: one for each rate of ITBMS, and what notes took at that rate."""
    taken: dict[Decimal, Decimal] = defaultdict(Decimal)
    for totals in notes.values_list("totals_by_rate", flat=True):
        for row in totals:
            taken[Decimal(row["rate"])] += Decimal(row["base"]) + Decimal(row["tax"])
    found = []
    for index, row in enumerate(invoice.totals_by_rate, start=1):
        rate, base = Decimal(row["rate"]), Decimal(row["base"])
        line = Line(
            document=invoice,
            position=index,
            description=_UNNAMED.format(number=invoice.number or invoice.cufe, rate=f"{rate.normalize():f}"),
            quantity=Decimal(1),
            unit_price=base,
            tax_rate=rate,
            affectation="",
            icbper_bags=0,
        )
        sold = Sold(as_sold(line), Taken(worth=taken[rate]), rounding_of(invoice.tenant))
        found += [LineStanding(line, sold)] if base else []
    return found


def as_sold(row: Line) -> FiscalLine:
    """A stored line as the law sees it, its share of a global discount as it was spread."""
    return replace(drafting.line_of(row), discount_share=row.discount_share)


def reasons(note: Document, invoice: Document) -> list[RuleBroken]:
    """Why `note` may not be issued against `invoice` for its amounts, in all and line by line; empty when it may."""
    whole = crediting.limit_reasons(note, invoice)
    by_line = _line_reasons(note, invoice)
    if whole and invoice.lines.count() == 1:
        by_line = [reason for reason in by_line if reason.code != "credit_exceeds_line"]  # the same twice
    return [*whole, *by_line]


def link(note: Document, invoice: Document) -> None:
    """Write down which line of the invoice each line of the note takes from, for good."""
    rows = list(note.lines.all())
    lines = _named(standing(invoice, besides=note))
    for at, index in matched(rows, lines).items():
        if rows[at].credited_line_id is None:
            Line.objects.filter(pk=rows[at].pk).update(credited_line=lines[index].row)


def _standing(row: Line, taking: Sequence[FiscalLine], rounding: Rounding) -> LineStanding:
    line = as_sold(row)
    if is_free(line):
        return LineStanding(row, Sold(line, Taken(worth=line_worth(line, rounding=rounding)), rounding))
    return LineStanding(row, Sold(line, taken_by(taking, line, rounding=rounding), rounding))


def is_free(line: FiscalLine) -> bool:
    """Whether nothing was paid for it (in Peru), so that nothing of it can be given back."""
    return Affectation.knows(line.affectation) and Affectation(line.affectation).is_free


def _line_reasons(note: Document, invoice: Document) -> list[RuleBroken]:
    rows = list(note.lines.all())
    lines = _named(standing(invoice, besides=note))
    taken: dict[int, Decimal] = defaultdict(Decimal)
    said_at: dict[int, int] = {}
    found: list[RuleBroken] = []
    for at, index in matched(rows, lines).items():
        found += _rate_reasons(rows[at], lines[index], at)
        taken[index] += _worth(rows[at], lines[index])
        said_at.setdefault(index, at)
    # With the tax rounded on the document's total a line's own may miss a cent; the total is held to exactly.
    slack = ZERO if rounding_of(invoice.tenant) == "line" else CENT
    left = {index: line.sold.left + slack for index, line in enumerate(lines)}
    try:
        law.require_lines_within(taken, left, said_at=said_at)
    except RuleBroken as refusal:
        found += refusal.reasons
    return found


def _rate_reasons(row: Line, line: LineStanding, at: int) -> Iterator[RuleBroken]:
    if row.tax_rate != line.row.tax_rate:
        yield RuleBroken(
            "credit_line_other_rate",
            gettext_noop("La línea de la factura lleva ITBMS {sold} % y la de la nota {given} %. Corríjala."),
            f"lines[{at}].tax_rate",
            sold=f"{line.row.tax_rate.normalize():f}",
            given=f"{row.tax_rate.normalize():f}",
        )


def _named(lines: Sequence[LineStanding]) -> list[LineStanding]:
    """Those that are lines of the invoice, and not only a rate."""
    return [line for line in lines if line.row.pk]


def matched(rows: Sequence[Line], lines: Sequence[LineStanding]) -> dict[int, int]:
    """By the index of a note's line, that of the invoice's line which it names or looks like."""
    by_key = {line.row.pk: index for index, line in enumerate(lines)}
    found = {
        at: by_key[row.credited_line_id] for at, row in enumerate(rows) if row.credited_line_id in by_key
    }
    left = [line.sold.left for line in lines]
    for at, index in found.items():
        left[index] -= _worth(rows[at], lines[index])
    for at, row in enumerate(rows):
        if at in found:
            continue
        chosen = _choice(row, lines, left)
        if chosen is not None:
            found[at] = chosen
            left[chosen] -= _worth(row, lines[chosen])
    return dict(sorted(found.items()))


def _choice(row: Line, lines: Sequence[LineStanding], left: Sequence[Decimal]) -> int | None:
    """The line that `row` looks like; None when none does, or when it is several of them taken together."""
    alike = [index for index, line in enumerate(lines) if _is_alike(row, line.row)]
    if not alike:
        return None
    wanted = _worth(row, lines[alike[0]])
    roomy = [index for index in alike if left[index] >= wanted]
    if roomy:
        return roomy[0]
    is_several = sum((left[index] for index in alike), ZERO) >= wanted
    return None if is_several else max(alike, key=lambda index: left[index])


def _is_alike(row: Line, sold: Line) -> bool:
    if row.tax_rate != sold.tax_rate:
        return False
    if row.code or sold.code:
        return row.code == sold.code
    return (row.description, row.unit_price) == (sold.description, sold.unit_price)


def _worth(row: Line, sold: LineStanding) -> Decimal:
    """What a note's line takes from the invoice's."""
    line = as_sold(row)
    return ZERO if is_free(line) else line_worth(line, rounding=sold.sold.rounding)
