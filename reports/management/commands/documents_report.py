"""`manage.py documents_report`: the providers' figures and ours, one line of JSON per group (interface: Commands)."""

import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from cifras.core.management.results import as_line, error_list
from cifras.fiscal.errors import RuleBroken
from cifras.fiscal.lifecycle import LegalStatus
from invoicing.services.finding import find_tenant
from reports.management.arguments import day, kind
from reports.services.documents_report import Question, our_rows, pac_rows
from reports.services.queries import Filters, Grouping
from tenants.models import Tenant

_NONE = "NONE"


class Command(BaseCommand):
    help = (
        "Cuenta y suma los documentos por fecha local de emisión (America/Panama): lo que dice el PAC y lo que tenemos, en "
        "bruto y sin signo por clase, las anuladas incluidas. Sin empresa conocida, la línea lleva tenant null."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        whose = parser.add_mutually_exclusive_group(required=True)
        whose.add_argument("--tenant", default="", help="pac_company_id o identificador de la empresa")
        whose.add_argument("--all-companies", action="store_true", help="todas las empresas")
        parser.add_argument("--from", dest="first", type=day, required=True, help="primer día, AAAA-MM-DD")
        parser.add_argument("--to", dest="last", type=day, required=True, help="último día, incluido")
        parser.add_argument("--doc-type", type=kind, help="INVOICE o CREDIT")
        parser.add_argument(
            "--legal-status",
            choices=[*(status.value for status in LegalStatus if status), _NONE],
            help="palabra de la autoridad; NONE: sin palabra aún",
        )
        parser.add_argument(
            "--group-by", choices=[each.value for each in Grouping], default=Grouping.KIND.value
        )
        parser.add_argument("--source", choices=["pac", "local", "both"], default="both")
        parser.add_argument("--environment", choices=["sandbox", "live", "all"], default="all")
        parser.add_argument("--cached", action="store_true", help="la última respuesta guardada del PAC")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["first"] > options["last"]:
            raise CommandError("«--from» es posterior a «--to».", returncode=2)
        is_complete = True
        try:
            for row in self._rows(_question(options), options["source"]):
                self.stdout.write(as_line(row))
                is_complete = is_complete and "errors" not in row
        except RuleBroken as error:
            self.stdout.write(as_line({"errors": error_list(error)}))
            is_complete = False
        sys.exit(0 if is_complete else 1)

    def _rows(self, question: Question, source: str) -> Iterator[dict[str, Any]]:
        if source in ("local", "both"):
            yield from our_rows(question)
        if source in ("pac", "both"):
            if question.group_by in (Grouping.OFFICE, Grouping.RECEIVER):
                self.stderr.write("El PAC no distingue sucursales ni receptores: sus líneas van sin ellos.")
            yield from pac_rows(question)


def _question(options: dict[str, Any]) -> Question:
    environment = "" if options["environment"] == "all" else options["environment"]
    tenants = Tenant.objects.order_by("pk")
    if environment:
        tenants = tenants.filter(environment=environment)
    if options["tenant"]:
        tenants = tenants.filter(pk=find_tenant(options["tenant"], actor=None).pk)
    status = options["legal_status"]
    return Question(
        tenants=tenants,
        first=options["first"],
        last=options["last"],
        filters=Filters(
            kind=options["doc_type"] or "",
            legal_status="" if status == _NONE else status,
            environment=environment,
        ),
        group_by=Grouping(options["group_by"]),
        is_all=options["all_companies"],
        only_cached=options["cached"],
    )
