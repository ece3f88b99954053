"""`manage.py numbering_gaps [--tenant T]`: every run of fiscal numbers that no document bears, one line each."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from cifras.core.management.results import as_line, error_list
from cifras.fiscal.errors import RuleBroken
from invoicing.models import NumberSeries
from invoicing.services.finding import find_tenant
from invoicing.services.number_fates import all_gaps


class Command(BaseCommand):
    help = "Lista los números de cada serie que ningún documento lleva; sin huecos no imprime nada."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--tenant", default="", help="pac_company_id o identificador de la empresa")

    def handle(self, *args: Any, **options: Any) -> None:
        rows = NumberSeries.objects.all()
        if options["tenant"]:
            try:
                rows = rows.filter(office__tenant=find_tenant(options["tenant"], actor=None))
            except RuleBroken as error:
                self.stdout.write(as_line({"errors": error_list(error)}))
                sys.exit(1)
        for series, gap in all_gaps(rows):
            tenant = series.tenant
            line = {
                "tenant": str(tenant.uid),
                "pac_company_id": tenant.pac_company_id,
                "office": series.office.code,
                "billing_point": series.billing_point,
                "document_type": series.series,
                "first": f"{gap.first:010d}",
                "last": f"{gap.last:010d}",
                "count": gap.size,
            }
            self.stdout.write(as_line(line))
