"""`manage.py rebuild_figures [--tenant T]`: the monthly roll-up anew from the documents."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from cifras.core.management.results import as_line, error_list
from cifras.fiscal.errors import RuleBroken
from reports.management.arguments import named_tenants
from reports.services.rollups import rebuild


class Command(BaseCommand):
    help = "Recalcula las cifras de cada mes a partir de los documentos."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--tenant", default="", help="pac_company_id o identificador de la empresa")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            tenants = named_tenants(options["tenant"])
        except RuleBroken as error:
            self.stdout.write(as_line({"errors": error_list(error)}))
            sys.exit(1)
        self.stdout.write(as_line({"months": rebuild(tenants.iterator())}))
