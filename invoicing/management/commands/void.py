"""`manage.py void DOC --reason TEXT [--wait SECONDS]`: exits 0 once requested, 1 when the guard refuses."""

import json
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from cifras.core.wording import sentence
from cifras.fiscal.errors import RuleBroken
from cifras.fiscal.lifecycle import VoidStatus
from cifras.pac.errors import PacError
from invoicing.management.arguments import add_document_arguments, named_document
from invoicing.management.results import document_line, error_list
from invoicing.models import Document
from invoicing.services import queues, void_credit, void_invoice


class Command(BaseCommand):
    help = "Anula ante la autoridad un documento autorizado, nombrado por identificador, CUFE o referencia externa."

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_document_arguments(parser)
        parser.add_argument("--reason", required=True, help="motivo, de 15 a 1000 caracteres")
        parser.add_argument(
            "--wait", type=float, default=0, metavar="SECONDS", help="trabaja y espera el desenlace"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            document = named_document(options)
            act = void_invoice if document.kind == "INVOICE" else void_credit
            document = act(document.uid, options["reason"], actor=None)
        except (RuleBroken, PacError) as error:
            self._refuse(error)
        if options["wait"] > 0:
            queues.work_while(lambda: _is_open(document), seconds=options["wait"])
        document.refresh_from_db()
        self.stdout.write(
            json.dumps({**document_line(document), "void_status": document.void_status}, ensure_ascii=False)
        )
        if document.void_status == VoidStatus.REFUSED:
            sys.exit(1)

    def _refuse(self, error: RuleBroken | PacError) -> None:
        errors = (
            error_list(error)
            if isinstance(error, RuleBroken)
            else [{"code": error.code, "field": "document", "message": sentence(error)}]
        )
        self.stdout.write(json.dumps({"errors": errors}, ensure_ascii=False))
        self.stderr.write(sentence(error))
        sys.exit(1)


def _is_open(document: Document) -> bool:
    document.refresh_from_db()
    asked = document.void_status in {VoidStatus.REQUESTED, VoidStatus.UNKNOWN}
    return asked and document.void_due_at is not None
