"""`manage.py issue FILE [--wait SECONDS]`: documents from JSON, a JSON list or JSON lines; one result line each."""

import json
import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

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


class Command(BaseCommand):
    help = "Emite documentos desde JSON, una lista JSON o líneas JSON («-» lee la entrada estándar)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", help="archivo, o - para la entrada estándar")
        parser.add_argument(
            "--wait", type=float, default=0, metavar="SECONDS", help="trabaja y espera el desenlace"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        results = [self._create(data) for data in _read(options["file"])]
        made = [result for result in results if isinstance(result, Document)]
        if options["wait"] > 0:
            queues.work_while(lambda: any(_is_open(document) for document in made), seconds=options["wait"])
        complete = True
        for result in results:
            if isinstance(result, Document):
                result.refresh_from_db()
                line = document_line(result)
                complete &= _went_well(result, waited=options["wait"] > 0)
            else:
                line, complete = result, False
            self.stdout.write(json.dumps(line, ensure_ascii=False))
        if not complete:
            sys.exit(1)

    def _create(self, data: Any) -> Document | dict[str, Any]:
        if isinstance(data, RuleBroken):
            return refused_line(None, data)
        kind = data.get("kind") if isinstance(data, dict) else None
        try:
            return create_credit(data, actor=None) if kind == "CREDIT" else create_invoice(data, actor=None)
        except RuleBroken as error:
            self.stderr.write(str(error))
            return refused_line(data, error)


def _read(name: str) -> Iterator[Any]:
    text = sys.stdin.read() if name == "-" else _text_of(Path(name))
    try:
        whole = _parse(text)
    except json.JSONDecodeError:
        yield from _lines(text)
        return
    yield from whole if isinstance(whole, list) else [whole]


def _text_of(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"No se pudo leer {path}: {error}", returncode=2) from error


def _lines(text: str) -> Iterator[Any]:
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip():
            try:
                yield _parse(line)
            except json.JSONDecodeError:
                yield RuleBroken(
                    "not_json", gettext_noop("La línea {line} no es JSON: corríjala."), "", line=number
                )


def _parse(text: str) -> Any:
    return json.loads(text, parse_float=Decimal, parse_constant=_refuse_constant)


def _refuse_constant(name: str) -> None:
    raise json.JSONDecodeError(f"{name} no es un número", name, 0)


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
    if document.mode == Mode.PROFORM or document.submission == Submission.DRAFT:
        return True
    if (
        document.submission in {Submission.REFUSED, Submission.DISCARDED}
        or document.legal_status in REJECTED_LEGAL
    ):
        return False
    if not waited:
        return True
    return document.legal_status == LegalStatus.DGI_AUTHORIZED and not _is_open(document)
