"""Re-encrypt every stored secret with the first key of CIFRAS_FIELD_KEYS."""

import json
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand

from cifras.core.key_rotation import rotate


class Command(BaseCommand):
    help = (
        "Re-encrypts every stored secret with the first key of CIFRAS_FIELD_KEYS; may be interrupted and repeated. "
        "Prints one JSON line per field; exits 1 when a secret could not be read. Drop an old key only after exit 0."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        unreadable = 0
        for rotation in rotate():
            self.stdout.write(json.dumps(asdict(rotation)))
            unreadable += rotation.unreadable
        if unreadable:
            self.stderr.write(f"{unreadable} secrets could not be read; they were left as they are.")
            raise SystemExit(1)
