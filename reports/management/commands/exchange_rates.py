"""`manage.py exchange_rates FILE`: the published rates of sale, from a CSV or XLSX file with fecha, moneda and venta."""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from cifras.core.management.results import as_line, error_list
from cifras.fiscal.errors import RuleBroken, gettext_noop
from reports.services.exchange_rates import import_rates


class Command(BaseCommand):
    help = (
        "Registra los tipos de cambio de venta que publica la SUNAT: columnas fecha, moneda (USD o EUR), venta y, si la hay, "
        "fuente. Todo o nada; un día que ya tiene otra cifra no se pisa. Termina con 1 si algo no se pudo leer."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="archivo CSV o XLSX")

    def handle(self, *args: Any, file: Path, **options: Any) -> None:
        recorded, errors = 0, []
        try:
            with file.open("rb") as opened:
                recorded = import_rates(opened, actor=None)
        except RuleBroken as refusal:
            errors = error_list(refusal)
        except OSError:
            errors = error_list(
                RuleBroken(
                    "no_file", gettext_noop("No se puede abrir el archivo {file}."), "file", file=str(file)
                )
            )
        self.stdout.write(as_line({"recorded": recorded, "errors": errors}))
        sys.exit(1 if errors else 0)
