"""`manage.py bench_data --documents N [--seed S] [--until DAY] [--yes]`: a database of N documents to measure on."""

import sys
from argparse import ArgumentParser
from datetime import date, timedelta
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from cifras.core.management.results import as_line, error_list
from cifras.fiscal.errors import RuleBroken
from cifras.fiscal.zones import local_date
from reports.services import bench_data


class Command(BaseCommand):
    help = "Llena una base PostgreSQL vacía con N documentos inventados de 24 meses, para medir."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--documents", type=int, required=True, help="cuántos documentos")
        parser.add_argument("--seed", type=int, default=1, help="la misma semilla da la misma base")
        parser.add_argument("--until", type=date.fromisoformat, help="último día (2026-11-21); sin él, ayer")
        parser.add_argument("--yes", action="store_true", help="aunque la base parezca de producción")

    def handle(self, *args: Any, **options: Any) -> None:
        until = options["until"] or local_date(timezone.now()) - timedelta(days=1)
        try:
            bench_data.require_room(options["documents"], is_sure=options["yes"])
        except RuleBroken as error:
            self.stdout.write(as_line({"errors": error_list(error)}))
            sys.exit(1)
        figures = bench_data.fill(
            options["documents"], seed=options["seed"], until=until, say=lambda text: self.stderr.write(text)
        )
        self.stdout.write(as_line(figures))
