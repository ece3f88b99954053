"""Prove the audit trail whole."""

import json
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand

from cifras.core import audit


class Command(BaseCommand):
    help = (
        "Walks over every chain of the audit trail. Prints one JSON line per fault (altered, broken, lost_tail, headless) and a "
        "last one with the counts; exits 1 when there is a fault."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        verdict = audit.examine()
        for fault in verdict.faults:
            self.stdout.write(json.dumps(asdict(fault)))
        counts = {"entries": verdict.entries, "chains": verdict.chains, "faults": len(verdict.faults)}
        self.stdout.write(json.dumps(counts))
        if verdict.faults:
            raise SystemExit(1)
