"""`manage.py demo_world`: fill an empty demo; `demo` calls it. A world that stands is left alone."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from reports.services import demo
from tenants.models import Tenant


class Command(BaseCommand):
    help = "Llena una base vacía con las catorce empresas de la demostración, contra el PAC de práctica."

    def handle(self, *args: Any, **options: Any) -> None:
        if demo.is_built():
            return
        if Tenant.objects.exists():
            raise CommandError("Esta base ya tiene empresas y no es la de la demostración: no se toca.")
        demo.build(lambda text: self.stderr.write(f"demo: {text}"))
