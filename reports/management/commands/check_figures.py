"""`manage.py check_figures [--tenant T]`: the monthly roll-up against the documents; one line per group that differs."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from cifras.core.management.results import as_line, error_list
from cifras.fiscal.errors import RuleBroken
from reports.management.arguments import named_tenants
from reports.services import rollups


class Command(BaseCommand):
    help = "Compara las cifras de cada mes con los documentos; termina con 1 si algo difiere."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--tenant", default="", help="pac_company_id o identificador de la empresa")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            tenants = named_tenants(options["tenant"])
        except RuleBroken as error:
            self.stdout.write(as_line({"errors": error_list(error)}))
            sys.exit(1)
        rollups.roll_up_due()
        found = 0
        for tenant in tenants.iterator():
            for each in rollups.deviations(tenant):
                found += 1
                key = {name: _plain(value) for name, value in each.key.items() if name != "tenant"}
                sides = {"rolled_up": each.rolled_up, "facts": each.facts}
                written = {name: side and [_plain(value) for value in side] for name, side in sides.items()}
                self.stdout.write(as_line({"tenant": str(tenant.uid), **key, **written}))
        self.stderr.write(f"{found} diferencias")
        sys.exit(1 if found else 0)


def _plain(value: Any) -> Any:
    return value if isinstance(value, int) else str(value)
