"""`manage.py issue FILE [--wait SECONDS]`: documents from JSON, a JSON list or JSON lines; one result line each."""

import sys
from argparse import ArgumentParser
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from cifras.core.management.results import as_line
from cifras.core.reading import parse_json
from cifras.fiscal.document import Mode
from cifras.fiscal.errors import RuleBroken, gettext_noop
from cifras.fiscal.lifecycle import REJECTED_LEGAL, LegalStatus, Submission
from cifras.pac.contract import Capability
from invoicing.management.results import document_line, refused_line
from invoicing.models import Document
from invoicing.services import create_credit, create_invoice, queues
from tenants.services.accounts import provider_spec

_SETTLED = {
    Submission.DRAFT,
    Submission.REFUSED,
    Submission.RETURNED,
    Submission.DISCARDED,
    Submission.IMPORTED,
}
_FAILED = {Submission.REFUSED, Submission.RETURNED, Submission.DISCARDED}


class Command(BaseCommand):
    help = "Emite documentos desde JSON, una lista JSON o líneas JSON («-» lee la entrada estándar)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", help="archivo, o - para la entrada estándar")
        parser.add_argument(
            "--wait", type=float, default=0, metavar="SECONDS", help="trabaja y espera el desenlace"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        results = [self._create(data) for data in _read(options["file"])]
        waited = options["wait"] > 0
        if waited:
            made = [result for result in reversed(results) if isinstance(result, Document)]
            queues.work_while(lambda: _is_any_open(made), seconds=options["wait"])
        outcomes = [self._tell(result, waited=waited) for result in results]
        if not all(outcomes):
            sys.exit(1)

    def _create(self, data: Any) -> Document | dict[str, Any]:
        try:
            if isinstance(data, RuleBroken):
                raise data
            if not isinstance(data, Mapping):
                message = gettext_noop("Un documento es un objeto JSON, {shape}: corrija el archivo.")
                raise RuleBroken("wrong_type", message, shape="{…}")
            act = create_credit if data.get("kind") == "CREDIT" else create_invoice
            return act(data, actor=None)
        except RuleBroken as error:
            return refused_line(data, error)

    def _tell(self, result: Document | dict[str, Any], *, waited: bool) -> bool:
        """Print the result line, on stderr what went wrong; True when all went well."""
        if isinstance(result, Document):
            result.refresh_from_db()
            line, is_well = document_line(result), _went_well(result, waited=waited)
        else:
            line, is_well = result, False
        self.stdout.write(as_line(line))
        if not is_well:
            self._explain(line)
        return is_well

    def _explain(self, line: Mapping[str, Any]) -> None:
        name = line["external_id"] or line["id"] or "?"
        for error in line["errors"]:
            self.stderr.write(f"{name}: {error['field']}: {error['message']}")
        if not line["errors"]:
            self.stderr.write(f"{name}: {line['submission']} {line['legal_status'] or ''}")


def _read(name: str) -> Iterator[Any]:
    """The documents of a file; what is no JSON comes as the refusal it is."""
    text = _text_of(name)
    try:
        whole = parse_json(text)
    except RuleBroken as error:
        yield from _lines(text) if _is_by_line(text) else [error]
        return
    yield from whole if isinstance(whole, list) else [whole]


def _text_of(name: str) -> str:
    try:
        content = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
        return content.decode("utf-8-sig")  # whatever the terminal speaks
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"No se pudo leer {name}: {error}", returncode=2) from error


def _is_by_line(text: str) -> bool:
    """Whether `text` is meant as JSON lines, so that a mistake concerns one line: most of them begin an object."""
    beginnings = [line.lstrip().startswith("{") for line in text.split("\n") if line.strip()]
    return sum(beginnings) * 2 > len(beginnings)


def _lines(text: str) -> Iterator[Any]:
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            try:
                yield parse_json(line)
            except RuleBroken:
                yield RuleBroken(
                    "not_json", gettext_noop("La línea {line} no es JSON: corríjala."), "", line=number
                )


def _is_any_open(documents: list[Document]) -> bool:
    """Whether there is something to wait for; whatever is settled leaves the list."""
    while documents and not _is_open(documents[-1]):
        documents.pop()
    return bool(documents)


def _is_open(document: Document) -> bool:
    """Whether there is still something to wait for."""
    document.refresh_from_db()
    if document.submission in _SETTLED or document.held_reason or document.legal_status in REJECTED_LEGAL:
        return False
    if document.submission == Submission.UNKNOWN:
        return document.due_at is not None
    if document.legal_status != LegalStatus.DGI_AUTHORIZED:
        return True
    return not document.has_pdf and provider_spec(document.provider).can(Capability.PDF)


def _went_well(document: Document, *, waited: bool) -> bool:
    if document.submission in _FAILED or document.legal_status in REJECTED_LEGAL:
        return False
    if not waited or document.mode == Mode.PROFORM or document.submission == Submission.DRAFT:
        return True
    return document.legal_status == LegalStatus.DGI_AUTHORIZED and not _is_open(document)
