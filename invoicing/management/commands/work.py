"""`manage.py work`: everything that is due, without a broker."""

from argparse import ArgumentParser
from functools import partial
from time import monotonic
from typing import Any

from django.core.management.base import BaseCommand

from cifras.core import sweeps
from invoicing.services import queues

# How often the schedule is looked at for sweeps whose time has come.
_LOOK_SECONDS = 5.0


class Command(BaseCommand):
    help = "Hace todo lo pendiente (envíos, consultas, anulaciones…) y las tareas programadas, sin necesidad de un broker."

    def add_arguments(self, parser: ArgumentParser) -> None:
        how = parser.add_mutually_exclusive_group()
        how.add_argument("--once", action="store_true", help="una sola ronda")
        how.add_argument("--until-idle", action="store_true", help="hasta que no quede nada pendiente ahora")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["once"]:
            done = queues.work_once() + _sweep()
        elif options["until_idle"]:
            done = queues.work_until_idle() + _sweep() + queues.work_until_idle()
        else:
            done = self._forever()
        self.stderr.write(f"{done} tareas hechas")

    def _forever(self) -> int:
        done = 0
        try:
            while True:
                done += sweeps.run_due(without=queues.TASKS)
                done += queues.work_while(partial(_is_before, monotonic() + _LOOK_SECONDS))
        except KeyboardInterrupt:
            return done


def _sweep() -> int:
    """Each sweep that is no queue, once."""
    return sweeps.run_all(without=queues.TASKS)


def _is_before(end: float) -> bool:
    return monotonic() < end
