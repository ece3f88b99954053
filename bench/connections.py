"""P14: how many PostgreSQL connections real workers open for a thousand tasks.

python -m bench connections
"""

import json
from typing import Any, cast

from celery import current_app
from django.db import connection

from bench.documents import a_document, a_tenant, queue
from bench.stage import stub, until, workers
from invoicing.models import Document

TASKS = 3000
AT_MOST = 10.0  # per thousand tasks
PROCESSES = 2


def main(arguments: list[str]) -> int:  # noqa: ARG001
    with stub(0.0) as provider:
        addresses = {"PAC_BASE_URL": provider.url}
        pattern = a_document(a_tenant())
        Document.objects.filter(pk=pattern.pk).update(due_at=None)
        with workers(PROCESSES, **addresses):
            before = opened()
            for _ in range(TASKS // 100):
                queue(pattern, 20)
                for _ in range(50):
                    # Not by `wake`, which would make a few messages of them all.
                    current_app.send_task("invoicing.submit", ignore_result=True)
                    current_app.send_task("invoicing.pac_status_poll", ignore_result=True)
            until(lambda: not Document.objects.filter(submission="QUEUED", due_at__isnull=False).exists())
            until(is_idle)
            connections = opened() - before
    per_thousand = connections * 1000 / TASKS
    line = {
        "figure": "P14 PostgreSQL connections per 1,000 tasks",
        "ratio": round(per_thousand, 1),
        "at_most": AT_MOST,
        "met": per_thousand <= AT_MOST,
        "connections": connections,
        "tasks": TASKS,
        "worker_processes": PROCESSES,
    }
    print(json.dumps(line), flush=True)
    return 0 if line["met"] else 1


def opened() -> int:
    """How many connections the cluster has ever seen to our database."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute("SELECT sessions FROM pg_stat_database WHERE datname = current_database()")
        return int(cursor.fetchone()[0])


def is_idle() -> bool:
    """Whether every task that was sent has been worked off."""
    with current_app.connection_for_read() as broker:
        waiting = sum(cast(Any, broker.default_channel).client.llen(name) for name in ("submit", "news"))
    busy = current_app.control.inspect(timeout=0.5).active() or {}
    return not waiting and not any(busy.values())
