"""`manage.py discard DOC`: put aside a document that never reached the provider, or that it refused."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from cifras.core.management.results import as_line, error_list
from cifras.core.wording import sentence
from cifras.fiscal.errors import RuleBroken
from invoicing.management.arguments import add_document_arguments, named_document
from invoicing.management.results import document_line
from invoicing.services import discard_document


class Command(BaseCommand):
    help = "Descarta un documento que nunca llegó al PAC o que éste rechazó; la autoridad no se entera."

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_document_arguments(parser)
        parser.add_argument("--reason", default="", help="motivo, para el historial")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            document = named_document(options)
            document = discard_document(document.uid, actor=None, reason=options["reason"])
        except RuleBroken as error:
            self.stdout.write(as_line({"errors": error_list(error, about="document")}))
            self.stderr.write(sentence(error))
            sys.exit(1)
        self.stdout.write(as_line(document_line(document)))
