"""Handing out a file at once, or having the workers make it: within the person's limits, and audited from start to end.

The trail holds "export.started" with the filters, and then "export.finished" with the number of rows, or "export.broken_off"
where whoever asked went away or something failed.
"""

from collections.abc import Iterator
from tempfile import TemporaryFile
from typing import Any

from django.http import HttpResponseBase
from django.utils.translation import get_language

from cifras.core import audit
from cifras.core.exports import jobs
from cifras.core.exports.csv_file import csv_chunks
from cifras.core.exports.downloads import csv_response, xlsx_response
from cifras.core.exports.limits import STARTED, require_allowance
from cifras.core.exports.source import Source
from cifras.core.exports.table import Table
from cifras.core.exports.writing import csv_pieces, write
from cifras.core.exports.xlsx_file import write_xlsx
from cifras.core.models import ExportJob, Staff

# What is longer is made by the workers. An XLSX is whole before its first byte leaves, so nobody waits for more than this.
LONGEST_AT_ONCE = 200_000
LONGEST_XLSX_AT_ONCE = 50_000


def deliver(
    table: Table, form: str, *, actor: Staff, filters: str = "", bom: bool = False
) -> HttpResponseBase:
    """A report as a download. Raises RuleBroken when `actor` has had too many; whoever calls has asked for the right."""
    trace = Trace(actor, table.name, filters, f"{form}-bom" if bom else form)
    if form == "csv":
        return csv_response(trace.watch(csv_chunks(table, bom=bom, on_rows=trace.add)), table.name)
    with trace:
        file: Any = TemporaryFile()  # noqa: SIM115 the response closes it
        write_xlsx(table, file, on_rows=trace.add)
    return xlsx_response(file, table.name)


def deliver_list(source: Source, form: str, *, actor: Staff) -> HttpResponseBase | ExportJob:
    """A list as a download or, when it is long, as a job of the workers. Raises RuleBroken when `actor` has had too many."""
    if is_long(source, form):
        return jobs.request(source, form, language=get_language() or "", actor=actor)
    trace = Trace(actor, source.list_name, source.query, form)
    name = source.export.name
    if form != ExportJob.Form.XLSX:
        bom = form == ExportJob.Form.CSV_BOM
        return csv_response(trace.watch(csv_pieces(source, bom=bom, on_rows=trace.add)), name)
    with trace:
        file: Any = TemporaryFile()  # noqa: SIM115 the response closes it
        write(source, form, file, on_rows=trace.add)
    return xlsx_response(file, name)


def is_long(source: Source, form: str) -> bool:
    """Whether the workers have to make it. Counts no further than it must."""
    longest = LONGEST_XLSX_AT_ONCE if form == ExportJob.Form.XLSX else LONGEST_AT_ONCE
    return rows_up_to(source, longest + 1) > longest


def rows_up_to(source: Source, most: int) -> int:
    """How many rows there are; `most` when there are as many or more."""
    return int(source.rows.order_by()[:most].values("pk").count())


class Trace:
    """One file in the audit trail."""

    def __init__(self, actor: Staff, what: str, filters: str, form: str) -> None:
        require_allowance(actor, what=what)
        self._actor, self._target, self._rows = actor, (what, None, what), 0
        self._facts = {"filters": filters, "form": form}
        self._record(STARTED)

    def add(self, rows: int) -> None:
        """So many rows more."""
        self._rows += rows

    def watch(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        """The pieces, told apart by how they end."""
        with self:
            yield from pieces

    def __enter__(self) -> "Trace":
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._record("export.broken_off" if kind else "export.finished", rows=self._rows)

    def _record(self, action: str, **more: Any) -> None:
        audit.record(action, actor=self._actor, target=self._target, after={**self._facts, **more})
