"""`manage.py verify_ruc RUC --type NATURAL|JURIDICO [--offline]`: DV and receiver type of a RUC."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from cifras.core.management.results import as_line, error_list
from cifras.fiscal.document import Contributor
from cifras.fiscal.errors import RuleBroken
from cifras.pac.errors import PacError
from tenants.models import Tenant
from tenants.services import TaxIdResult, verify_ruc


class Command(BaseCommand):
    help = "Calcula el DV de un RUC y pregunta al PAC si existe y qué tipo de receptor es."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("ruc", help="con guiones y sin el DV")
        parser.add_argument(
            "--type",
            required=True,
            choices=[word.value for word in Contributor],
            help="tipo de contribuyente",
        )
        parser.add_argument("--dv", default="", help="el DV que se quiere comprobar")
        parser.add_argument("--offline", action="store_true", help="solo el cálculo, sin preguntar al PAC")
        parser.add_argument(
            "--environment",
            choices=Tenant.Environment.values,
            help="ambiente del PAC; de ordinario producción, o pruebas si solo ellas están configuradas",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        live = Tenant.Environment.LIVE if settings.PAC_BASE_URL else Tenant.Environment.SANDBOX
        try:
            result = verify_ruc(
                options["ruc"],
                options["type"],
                actor=None,
                environment=options["environment"] or live,
                offline=options["offline"],
                dv=options["dv"],
                refresh=True,
            )
        except (RuleBroken, PacError) as error:
            self.stdout.write(as_line(_refused(options, error)))
            self.stderr.write(str(error))
            sys.exit(1)
        self.stdout.write(as_line(_line(result)))
        if result.warning:
            self.stderr.write(str(result.warning))


def _line(result: TaxIdResult) -> dict[str, Any]:
    return {
        "ruc": result.ruc,
        "type": result.contributor,
        "dv": result.dv,
        "receiver": result.receiver_type,
        "source": result.source,
        "checked_at": result.checked_at.isoformat(),
        "warning": result.warning.code if result.warning else None,
        "errors": [],
    }


def _refused(options: dict[str, Any], error: RuleBroken | PacError) -> dict[str, Any]:
    return {
        "ruc": options["ruc"],
        "type": options["type"],
        "dv": None,
        "receiver": None,
        "source": None,
        "checked_at": None,
        "warning": None,
        "errors": error_list(error),
    }
