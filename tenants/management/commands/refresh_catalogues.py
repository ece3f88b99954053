"""`manage.py refresh_catalogues`: fetch the authority's code tables (CPBS, places) from every provider account in use."""

import sys
from typing import Any

from django.core.management.base import BaseCommand

from cifras.core.management.results import as_line
from tenants.services import refresh_catalogues


class Command(BaseCommand):
    help = "Pide a cada PAC sus catálogos (CPBS, ubicaciones); si no responde, queda la última copia. Una línea por catálogo."

    def handle(self, *args: Any, **options: Any) -> None:
        catalogues = refresh_catalogues()
        for catalogue in catalogues:
            line = {
                "catalogue": catalogue.name,
                "provider": catalogue.provider,
                "environment": catalogue.environment,
                "size": catalogue.size,
                "fetched_at": catalogue.fetched_at.isoformat() if catalogue.fetched_at else None,
                "problem": catalogue.problem or None,
            }
            self.stdout.write(as_line(line))
        if any(catalogue.problem for catalogue in catalogues):
            sys.exit(1)
