"""`manage.py work`: everything that is due, without a broker."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from invoicing.services import queues


class Command(BaseCommand):
    help = "Envía, resuelve, consulta, anula y procesa todo lo pendiente, sin necesidad de un broker."

    def add_arguments(self, parser: ArgumentParser) -> None:
        how = parser.add_mutually_exclusive_group()
        how.add_argument("--once", action="store_true", help="una sola ronda")
        how.add_argument("--until-idle", action="store_true", help="hasta que no quede nada pendiente ahora")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["once"]:
            done = queues.work_once()
        elif options["until_idle"]:
            done = queues.work_until_idle()
        else:
            done = self._forever()
        self.stderr.write(f"{done} tareas hechas")

    def _forever(self) -> int:
        try:
            return queues.work_while(lambda: True)
        except KeyboardInterrupt:
            return 0
