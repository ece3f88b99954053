"""Prove the audit trail whole."""

import json
import re
from argparse import ArgumentParser, ArgumentTypeError
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand

from cifras.core import audit


class Command(BaseCommand):
    help = (
        "Walks over every chain of the audit trail. Prints one JSON line per fault (altered, broken, lost_tail, headless, "
        "unanchored) and a last one with the counts; exits 1 when there is a fault."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--anchor",
            type=_anchor,
            metavar="SEQUENCE:HASH",
            help="what the last line «The audit trail is anchored» of the log told: proves that the end was not cut off",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        verdict = audit.examine(options["anchor"])
        for fault in verdict.faults:
            self.stdout.write(json.dumps(asdict(fault)))
        counts = {"entries": verdict.entries, "chains": verdict.chains, "faults": len(verdict.faults)}
        self.stdout.write(json.dumps(counts))
        if verdict.faults:
            raise SystemExit(1)


def _anchor(text: str) -> tuple[int, str]:
    match = re.fullmatch(r"([0-9]{1,18}):([0-9a-f]{64})", text)
    if match is None:
        raise ArgumentTypeError("it is a sequence, a colon and a sha256 in hex")
    return int(match[1]), match[2]
