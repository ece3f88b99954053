# ruff: noqa: N999 the command is called so
"""`manage.py import FILE [--dry-run] [--tenant T]`: drafts, documents issued elsewhere and movements, from a file."""

import sys
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from cifras.core.management.results import as_line
from cifras.core.wording import sentences
from cifras.fiscal.errors import RuleBroken
from invoicing.management.results import document_line, refused_line
from invoicing.models import Document, ImportRow
from invoicing.services.finding import find_tenant
from invoicing.services.importing import run
from invoicing.services.importing.acts import Outcome, Setting, names_of, rehearse
from invoicing.services.importing.files import read_rows
from invoicing.services.importing.rows import Item, items
from tenants.models import Tenant

State = ImportRow.State
_RESULTS = {State.CREATED: "created", State.KNOWN: "known", State.REFUSED: "refused"}


class Command(BaseCommand):
    help = (
        "Importa borradores, documentos emitidos en otro sistema (mode DGI_IMPORT) y movimientos desde JSON, líneas JSON, "
        "CSV o XLSX. No emite nada. Repetirlo es seguro; interrumpido, sigue donde quedó."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", help="archivo; los PDF y XML que nombre se leen de su misma carpeta")
        parser.add_argument("--dry-run", action="store_true", help="prueba cada fila y no guarda nada")
        parser.add_argument(
            "--tenant", default="", help="empresa de las filas que no lo dicen; las de otra se rechazan"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        path = Path(options["file"])
        if not path.is_file():
            raise CommandError(f"No se pudo leer {path}: no es un archivo", returncode=2)
        try:
            tenant = find_tenant(options["tenant"], actor=None) if options["tenant"] else None
            setting = Setting(actor=None, tenant=tenant, folder=path.parent)
            lines = _rehearsed(path, setting) if options["dry_run"] else _imported(path, setting, tenant)
            counts = Counter(self._tell(line) for line in lines)
        except RuleBroken as refusal:
            raise CommandError(f"{path.name}: {' '.join(sentences(refusal))}", returncode=2) from refusal
        self.stderr.write(
            ("Prueba: " if options["dry_run"] else "")
            + f"{counts['created']} nuevas, {counts['known']} ya conocidas, {counts['refused']} rechazadas"
        )
        if counts["refused"] or not counts:
            sys.exit(1)

    def _tell(self, line: Mapping[str, Any]) -> str:
        """Print the result line, on stderr why it was refused; answers the result."""
        self.stdout.write(as_line(line))
        if line["result"] == "refused":
            name = line["external_id"] or "?"
            for error in line["errors"]:
                self.stderr.write(f"fila {line['row']} ({name}): {error['field']}: {error['message']}")
        return str(line["result"])


def _imported(path: Path, setting: Setting, tenant: Tenant | None) -> Iterator[dict[str, Any]]:
    """A line per document or movement, as it is done; those of an interrupted run first, as they were."""
    with path.open("rb") as file:
        digest, size = run.digest_of(file)
        batch = run.open_for_command(path, digest, size, tenant)
        if batch.stage == run.Stage.READING:
            run.read_in(batch, file, then=run.Stage.IMPORTING)
    for row in batch.rows.exclude(state__in=run.TO_DO[run.Stage.IMPORTING]).order_by("number").iterator():
        yield _stored_line(row)
    for row in run.rows_to_do(batch):
        yield _stored_line(run.do_row(row, setting, stage=run.Stage.IMPORTING))
    run.finish(batch)


def _rehearsed(path: Path, setting: Setting) -> Iterator[dict[str, Any]]:
    """As `_imported`, but nothing is stored, not even that it was tried."""
    promised: dict[str, tuple[int, Mapping[str, Any]]] = {}
    with path.open("rb") as file:
        for item in items(read_rows(file)):
            outcome = rehearse(item.data, setting, promised.get)
            if outcome.state != State.REFUSED and isinstance(item.data, Mapping):
                for name in filter(None, names_of(item.data)):
                    promised.setdefault(name, (item.number, item.data))
            yield _rehearsed_line(item, outcome)


def _stored_line(row: ImportRow) -> dict[str, Any]:
    document = Document.objects.filter(uid=row.document_uid).first() if row.document_uid else None
    line = document_line(document) if document else refused_line(row.data, RuleBroken("", ""))
    errors = row.reasons if row.state == State.REFUSED else line["errors"] if document else []
    return _numbered(row.number, row.state, {**line, "errors": errors}, row.external_id, row.notes)


def _rehearsed_line(item: Item, outcome: Outcome) -> dict[str, Any]:
    data = item.data if isinstance(item.data, Mapping) else {}
    line = refused_line(data, RuleBroken("", "")) | {"errors": run.told(outcome.reasons)}
    if outcome.state == State.KNOWN and outcome.document:
        line = document_line(outcome.document)
    return _numbered(item.number, outcome.state, line, names_of(item.data)[0], run.told(outcome.notes))


def _numbered(
    number: int, state: str, line: Mapping[str, Any], name: str, notes: list[dict[str, str]]
) -> dict[str, Any]:
    told = {"row": number, "result": _RESULTS[State(state)], **line}
    return {**told, "external_id": told["external_id"] or name or None, "warnings": notes}
