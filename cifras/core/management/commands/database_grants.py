"""What the role that the product runs as may do in the database."""

import re
from argparse import ArgumentParser, ArgumentTypeError
from typing import Any

from django.core.management.base import BaseCommand

from cifras.core.append_only import grants


class Command(BaseCommand):
    help = (
        "Prints the SQL that lets ROLE run the product and nothing more: it reads and writes rows, but neither changes nor "
        "deletes those of append-only tables, and owns no table, so it cannot switch their triggers off. One transaction, so "
        "that the role never holds more for a moment. Run it as the owner after every migrate: "
        "manage.py database_grants cifras_app | psql."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("role", type=_role, help="a role that exists and is not the owner of the tables")

    def handle(self, *args: Any, **options: Any) -> None:
        for statement in ("BEGIN", *grants(options["role"]), "COMMIT"):
            self.stdout.write(f"{statement};")


def _role(text: str) -> str:
    if not re.fullmatch(r"[a-z_][a-z0-9_]{0,62}", text):
        raise ArgumentTypeError("a role is named in lower-case letters, digits and underscores")
    return text
