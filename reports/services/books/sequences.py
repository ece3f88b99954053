"""The numbers of the month: how far each series came, what became of its numbers, which of them no document bears.

A missing number has no date: it is of the month in which the number after it was used, or the series' last one was.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from django.db.models import Count, Max, Min, OuterRef, Q, Subquery
from django.utils.translation import gettext_lazy

from invoicing.models import Document, NumberSeries
from invoicing.models.document import DocumentQuerySet
from invoicing.services.number_fates import Fate, Gap, fate_of, gaps_of_all, with_fate
from invoicing.services.numbering import PROFORMA_SERIES
from reports.services.books.shapes import Book, Column, Mark, Period, Row, count
from reports.services.books.words import Words, words_of
from reports.services.facts import of_month

_FATES: Mapping[Fate, Mark] = {
    Fate.USED: Mark(gettext_lazy("Usado"), "check_circle", "green"),
    Fate.VOIDED: Mark(gettext_lazy("Anulado"), "block", "grey"),
    Fate.IMPORTED: Mark(gettext_lazy("Emitido en otro sistema"), "move_to_inbox", "blue"),
    Fate.IN_COURSE: Mark(gettext_lazy("En trámite"), "hourglass_top", "blue"),
    Fate.UNKNOWN: Mark(gettext_lazy("Sin confirmar"), "help", "amber"),
    Fate.REJECTED_CONSUMED: Mark(gettext_lazy("Rechazado por la {authority}: consumido"), "cancel", "red"),
    Fate.REJECTED_NOT_CONSUMED: Mark(gettext_lazy("Rechazado por el PAC: sin consumir"), "cancel", "red"),
    Fate.WITHDRAWN: Mark(gettext_lazy("Retirado o descartado"), "undo", "grey"),
}
_MISSING = Mark(gettext_lazy("Sin documento"), "warning", "amber")
_COUNTED: Mapping[Fate, Any] = {
    Fate.USED: gettext_lazy("Usados"),
    Fate.VOIDED: gettext_lazy("Anulados"),
    Fate.IMPORTED: gettext_lazy("De otro sistema"),
    Fate.IN_COURSE: gettext_lazy("En trámite"),
    Fate.UNKNOWN: gettext_lazy("Sin confirmar"),
    Fate.REJECTED_CONSUMED: gettext_lazy("Rechazados por la {authority}"),
    Fate.REJECTED_NOT_CONSUMED: gettext_lazy("Rechazados por el PAC"),
    Fate.WITHDRAWN: gettext_lazy("Retirados o descartados"),
}
_FATE_COLUMNS = (
    Column(gettext_lazy("Desde"), is_link=True),
    Column(gettext_lazy("Hasta")),
    count(gettext_lazy("Números")),
    Column(gettext_lazy("Qué fue de él")),
    Column(gettext_lazy("Receptor"), is_wide=True),
    Column(gettext_lazy("Referencia externa")),
)

type _Key = tuple[str, str, str]  # the codes of office, point and type


class Sequences(Book):
    """Numeración."""

    slug = "numbers"
    title = gettext_lazy("Numeración")
    lead = gettext_lazy(
        "Por {office}, {point} y tipo: del primer número del mes al último, y qué fue de cada uno. "
        "El destino de los que no se usaron está en su propio libro."
    )

    def columns(self, period: Period) -> tuple[Column, ...]:
        authority = words_of(period.tenant).authority
        return (
            *_place(period),
            Column(gettext_lazy("Primero"), is_link=True),
            Column(gettext_lazy("Último")),
            *(count(str(label).format(authority=authority)) for label in _COUNTED.values()),
            count(gettext_lazy("Sin documento")),
        )

    def rows(self, period: Period) -> Iterator[Row]:
        counted = _counted(period)
        series = {_key(each): each for each in _series(period)}
        ends = {key: (int(row["lowest"]), int(row["highest"])) for key, row in counted.items()}
        gaps = _missing(series, ends)
        for key, row in sorted(counted.items()):
            missing = sum(gap.size for gap in gaps.get(key, ()))
            fates = (row[fate.value] for fate in _COUNTED)
            yield Row((*key, row["lowest"], row["highest"], *fates, missing), opens=series.get(key, ""))


class NumberFates(Book):
    """What became of every number of the month that is no valid document's, and the numbers without a document."""

    slug = "number-fates"
    title = gettext_lazy("Números sin usar")
    lead = gettext_lazy(
        "Cada número del mes que no quedó en un documento vigente, y los que ningún documento lleva."
    )

    def columns(self, period: Period) -> tuple[Column, ...]:
        return (*_place(period), *_FATE_COLUMNS)

    def rows(self, period: Period) -> Iterator[Row]:
        series = {_key(each): each for each in _series(period, with_ends=True)}
        ends = {
            key: (int(each.month_first), int(each.month_last))
            for key, each in series.items()
            if each.month_first
        }
        lines: defaultdict[_Key, list[tuple[int, Row]]] = defaultdict(list)
        documents = with_fate(_numbered(period)).exclude(fate=Fate.USED).select_related("office")
        for document in documents.only(*_SAID).iterator(chunk_size=2_000):
            key = document.office.code, document.billing_point, document.series
            lines[key].append((int(document.number), _document_row(key, document, words_of(period.tenant))))
        for key, gaps in _missing(series, ends).items():
            width = len(series[key].month_last)
            lines[key] += [(gap.first, _gap_row(key, series[key], gap, width)) for gap in gaps]
        for _place, here in sorted(lines.items()):
            yield from (row for _number, row in sorted(here, key=lambda line: line[0]))


_SAID = (
    "uid", "kind", "number", "office__code", "billing_point", "series", "submission", "legal_status", "void_status",
    "receiver_name", "external_id", "is_received",
)  # fmt: skip


def _place(period: Period) -> tuple[Column, ...]:
    words = words_of(period.tenant)
    return Column(words.office), Column(words.point), Column(gettext_lazy("Tipo"))


def _series(period: Period, *, with_ends: bool = False) -> Any:
    """The tenant's series in order; `with_ends` with the lowest and the highest number of the month."""
    rows = NumberSeries.objects.filter(office__tenant=period.tenant).exclude(series=PROFORMA_SERIES)
    if with_ends:
        numbered = _numbered(period).filter(
            office=OuterRef("office"), billing_point=OuterRef("billing_point"), series=OuterRef("series")
        )
        numbers = numbered.order_by().values("series")
        rows = rows.annotate(
            month_first=Subquery(numbers.annotate(end=Min("number")).values("end")),
            month_last=Subquery(numbers.annotate(end=Max("number")).values("end")),
        )
    return rows.select_related("office").order_by("office__code", "billing_point", "series")


def _numbered(period: Period) -> DocumentQuerySet:
    """The month's documents that bear a number, in the books or not."""
    rows = Document.objects.issued_by_us().filter(tenant=period.tenant)
    return of_month(rows, period.month).exclude(Q(number="") | Q(series=PROFORMA_SERIES))


def _counted(period: Period) -> dict[_Key, Mapping[str, Any]]:
    """By series: the month's lowest and highest number, and how many of each fate."""
    rows = with_fate(_numbered(period)).order_by().values("office__code", "billing_point", "series")
    fates = {fate.value: Count("pk", filter=Q(fate=fate)) for fate in _COUNTED}
    found = rows.annotate(lowest=Min("number"), highest=Max("number"), **fates)
    return {(row["office__code"], row["billing_point"], row["series"]): row for row in found}


def _missing(
    series: Mapping[_Key, NumberSeries], ends: Mapping[_Key, tuple[int, int]]
) -> dict[_Key, list[Gap]]:
    """The gaps of the month. A series that was looked over beyond the month, and has none, is not read again."""
    doubtful = {
        each.pk: key
        for key, each in series.items()
        if key in ends and (each.gap_count or each.checked_to < ends[key][1])
    }
    found = gaps_of_all([series[key] for key in doubtful.values()])
    return {
        key: [gap for gap in found[pk] if _is_of_the_month(gap, ends[key])] for pk, key in doubtful.items()
    }


def _is_of_the_month(gap: Gap, ends: tuple[int, int]) -> bool:
    lowest, highest = ends
    return lowest <= gap.last + 1 <= highest or gap.first - 1 == highest


def _key(series: NumberSeries) -> _Key:
    return series.office.code, series.billing_point, series.series


def _document_row(key: _Key, document: Document, words: Words) -> Row:
    fate = _FATES[fate_of(document)]
    cells = (
        *key,
        document.number,
        document.number,
        1,
        replace(fate, word=str(fate.word).format(authority=words.authority)),
        document.receiver_name,
        document.external_id,
    )
    return Row(cells, opens=document)


def _gap_row(key: _Key, series: NumberSeries, gap: Gap, width: int) -> Row:
    numbers = f"{gap.first:0{width}}", f"{gap.last:0{width}}"
    return Row((*key, *numbers, gap.size, _MISSING, "", ""), opens=series)
