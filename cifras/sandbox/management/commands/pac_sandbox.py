"""Practice PACs to issue against without consequences."""

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from cifras.sandbox.server import SandboxServer


class Command(BaseCommand):
    help = (
        "Runs the practice PACs on 127.0.0.1 until interrupted: Alanube's dialect under /alanube, Tandia's under /tandia, "
        "Fabo's under /fabo, the control page under /control/. Prints one JSON line with the addresses "
        "once it listens. Nothing it authorises is a fiscal document."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, default=8090, help="0 takes a free one (default 8090)")
        parser.add_argument(
            "--state", type=Path, help="SQLite file that keeps companies and documents across runs"
        )
        parser.add_argument("--seed", type=int, default=0, help="seed of the faults' chances (default 0)")

    def handle(self, *args: Any, port: int, state: Path | None, seed: int, **options: Any) -> None:
        try:
            sandbox = SandboxServer(port, state, seed=seed)
        except (OSError, OverflowError) as error:
            raise CommandError(f"127.0.0.1:{port} cannot be used: {error}") from error
        root = sandbox.root_url
        addresses = {
            "alanube": sandbox.base_url,
            "tandia": f"{root}/tandia",
            "fabo": f"{root}/fabo/v1",
            "control": f"{root}/control/",
        }
        self.stdout.write(json.dumps(addresses), ending="\n")
        self.stdout.flush()
        try:
            sandbox.serve_forever()
        except KeyboardInterrupt:
            self.stderr.write("stopped")
        finally:
            sandbox.stop()
