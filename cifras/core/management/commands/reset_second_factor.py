"""`manage.py reset_second_factor USER`: for the last administrator without their telephone."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from cifras.core.models import Staff
from cifras.core.sign_in import factor


class Command(BaseCommand):
    help = "Quita el segundo factor de una persona y cierra sus sesiones: al entrar configurará otro. Queda en la auditoría."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("user", help="usuario de la persona")

    def handle(self, *args: Any, user: str, **options: Any) -> None:
        person = Staff.objects.filter(username=user).first()
        if person is None:
            raise CommandError(f"No hay ninguna persona con el usuario {user}.")
        factor.reset(person, actor=None, reason="manage.py reset_second_factor")
        self.stderr.write(f"{user}: configurará otro segundo factor al entrar.")
