"""`manage.py void DOC --reason TEXT [--wait SECONDS]`: exits 0 once requested, 1 when the guard or the provider refuses.

With `--wait` it exits 0 only once the authority has the void.
"""

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from cifras.core.management.results import as_line, error_list
from cifras.fiscal.errors import RuleBroken
from cifras.fiscal.lifecycle import VoidStatus
from cifras.pac.errors import PacError
from invoicing.management.arguments import add_document_arguments, named_document
from invoicing.management.results import void_line
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
            errors = error_list(error, about="document")
            self.stdout.write(as_line({"errors": errors}))
            self._explain(errors)
            sys.exit(1)
        if options["wait"] > 0:
            queues.work_while(lambda: _is_open(document), seconds=options["wait"])
        document.refresh_from_db()
        line = void_line(document)
        self.stdout.write(as_line(line))
        is_well = document.void_status == VoidStatus.VOIDED or (
            document.void_status == VoidStatus.REQUESTED and options["wait"] <= 0
        )
        if not is_well:
            self._explain(line["errors"], otherwise=document.get_void_status_display())
            sys.exit(1)

    def _explain(self, errors: list[dict[str, str]], *, otherwise: str = "") -> None:
        self.stderr.write("\n".join(error["message"] for error in errors) or otherwise)


def _is_open(document: Document) -> bool:
    document.refresh_from_db()
    asked = document.void_status in {VoidStatus.REQUESTED, VoidStatus.UNKNOWN}
    return asked and document.void_due_at is not None
