"""R1: documents go out while everything that may die dies.

Celery workers are killed by the group (`kill -9`) every few seconds, the broker is flushed, PostgreSQL is torn down, and the
practice PAC cuts 5 % of the connections and answers 5xx to 5 % of the posts after it has accepted. Then it is quiet, and what
the provider holds is compared with what our tables say. The provider refuses to hold a number twice, so a second post of a number
that it holds counts as issued twice.
"""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path

from celery import current_app
from django.conf import settings
from django.db import Error as DatabaseError
from django.db import close_old_connections

from cifras.sandbox.server import SandboxServer
from faults import RESTART
from invoicing import services
from invoicing.models import Attachment, Attempt, Document
from tenants.models import Tenant
from tests.factories import a_tenant, invoice_json

ROOT = Path(__file__).resolve().parent.parent
CREATES = "create_*"
TASKS = ("invoicing.submit", "invoicing.resolve", "invoicing.pac_status_poll", "invoicing.inbox")
TENANTS = 4
PATIENCE = 240  # seconds of quiet until every document must have come to its end


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m faults")
    parser.add_argument("--documents", type=int, default=400)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--seconds", type=int, default=60, help="how long it storms")
    wanted = parser.parse_args(arguments)
    print(f"seed {wanted.seed}", file=sys.stderr, flush=True)
    with SandboxServer(seed=wanted.seed) as provider:
        settings.PAC_BASE_URL = settings.PAC_SANDBOX_BASE_URL = provider.base_url
        os.environ["PAC_BASE_URL"] = provider.base_url
        tenants = [a_tenant() for _ in range(TENANTS)]
        provider.behaviour.link_seconds = 2
        for fault in ("drop_after_commit", "500_after"):
            provider.faults.add(fault, CREATES, times=None, probability=0.05)
        provider.faults.add("slow", CREATES, times=None, probability=0.2, seconds=1)
        with Storm(random.Random(wanted.seed)) as storm:
            raging = threading.Thread(target=storm.rage, args=[wanted.seconds])
            raging.start()
            issue(tenants, wanted.documents)
            raging.join()
            provider.faults.clear()
            is_over = storm.wait_for_the_end()
        counts = count(provider) | storm.counts | {"seed": wanted.seed, "came_to_an_end": is_over}
    wrong = ("issued_twice", "never_sent", "issued_but_unrecorded", "without_pdf", "pdf_twice")
    counts["met"] = (
        is_over and counts["documents"] == wanted.documents and not any(counts[name] for name in wrong)
    )
    print(json.dumps(counts), flush=True)
    return 0 if counts["met"] else 1


def issue(tenants: list[Tenant], documents: int) -> None:
    """Queue so many documents, each under a name of its own, however often the database goes away meanwhile."""
    for serial in range(documents):
        data = invoice_json(tenants[serial % len(tenants)])
        through(partial(services.create_invoice, data, actor=None))


def through[T](act: Callable[[], T]) -> T:
    """What `act` answers, once the database is there for it."""
    while True:
        try:
            return act()
        except DatabaseError:
            close_old_connections()
            time.sleep(0.2)


def count(provider: SandboxServer) -> dict[str, int]:
    """The provider's documents against ours."""
    held = {row.id: row for row in provider.authority.documents.values() if row.holds_number}
    refused = len(provider.authority.documents) - len(held)
    by_id = set(Document.objects.exclude(document_id="").values_list("document_id", flat=True))
    pdfs = Counter(Attachment.objects.filter(kind="PDF").values_list("document_id", flat=True))
    documents = Document.objects.count()
    return {
        "documents": documents,
        "issued_twice": refused,
        "never_sent": documents - len(held),
        "issued_but_unrecorded": len(set(held) - by_id),
        "without_pdf": documents - len(pdfs),
        "pdf_twice": sum(times - 1 for times in pdfs.values()),
        "attempts": Attempt.objects.count(),
        "attempts_of_unknown_outcome": Attempt.objects.filter(outcome="UNKNOWN").count(),
        "posts": sum(provider.journal.postings().values()),
    }


class Storm:
    """Workers that come and go, and the schedule, which is played here: every second it wakes every task."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self.counts = {"kills": 0, "flushes": 0, "restarts": 0}
        self._workers = start_workers()
        self._is_over = threading.Event()
        self._schedule = threading.Thread(target=self._wake_everybody, daemon=True)

    def __enter__(self) -> "Storm":
        self._schedule.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._schedule.join()
        os.killpg(self._workers.pid, signal.SIGKILL)

    def rage(self, seconds: float) -> None:
        """Kill the group every few seconds; flush the broker now and then; tear PostgreSQL down twice."""
        end = time.monotonic() + seconds
        restarts = [end - seconds * 2 / 3, end - seconds / 3]
        while time.monotonic() < end:
            time.sleep(self._chance.uniform(4, 8))
            if restarts and time.monotonic() > restarts[0]:
                restarts.pop(0)
                print(RESTART, flush=True)
                sys.stdin.readline()
                self.counts["restarts"] += 1
            if self._chance.random() < 0.3:
                with current_app.connection_for_write() as broker:
                    broker.default_channel.client.flushall()  # type: ignore[attr-defined]
                self.counts["flushes"] += 1
            os.killpg(self._workers.pid, signal.SIGKILL)
            self._workers.wait()
            self.counts["kills"] += 1
            self._workers = start_workers()

    def wait_for_the_end(self) -> bool:
        """Whether every document has come to its last word, with its PDF, within the patience there is."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            left = Document.objects.exclude(legal_status="DGI_AUTHORIZED", has_pdf=True)
            if not through(left.exists):
                return True
            time.sleep(0.5)
        return False

    def _wake_everybody(self) -> None:
        while not self._is_over.wait(1):
            for task in TASKS:
                current_app.send_task(task, ignore_result=True)


def start_workers() -> "subprocess.Popen[bytes]":
    """A Celery worker with two processes, in a group of its own."""
    command = [
        sys.executable,
        "-m",
        "celery",
        "-A",
        "cifras",
        "worker",
        "--concurrency=2",
        "--loglevel=CRITICAL",
    ]
    return subprocess.Popen(
        [*command, "--without-gossip", "--without-mingle"],
        cwd=ROOT,
        start_new_session=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
