"""The hands of `bench.ingest`: ``issue 100`` issues so many, ``sweep`` brings the roll-up level; both answer how long it took."""

import json
import sys
import uuid

from bench.documents import invoice_json
from bench.stopwatch import Stopwatch
from invoicing import services
from reports.services.rollups import roll_up_due
from tenants.models import Tenant

_COMPANIES = 20


def main(arguments: list[str]) -> int:  # noqa: ARG001
    tenants = list(Tenant.objects.order_by("pk")[:_COMPANIES])
    print("ready", flush=True)
    for line in sys.stdin:
        act, _, times = line.partition(" ")
        watch = Stopwatch()
        if act.strip() == "sweep":
            roll_up_due()
        else:
            for number in range(int(times)):
                content = invoice_json(tenants[number % len(tenants)]) | {"external_id": str(uuid.uuid4())}
                services.create_invoice(content, actor=None)
        took = {"quiet": watch.quiet, "passed": watch.passed, "busy": watch.busy}
        print(json.dumps(took), flush=True)
    return 0
