"""P9: how long one tenant's documents take while another one has ten thousand in the queue, against a quiet provider.

    python -m bench fairness [-- --pairs 7]

Two worker processes, a provider of 200 ms; the second tenant issues a document every now and then, from its queue to the
provider's recorded answer. The provider counts how many posts it had in its hands at once.
"""

import json
import time
from datetime import timedelta

from django.db.models import DurationField, ExpressionWrapper, F
from django.utils import timezone

from bench.documents import a_document, a_tenant, queue
from bench.stage import pairs_of, stub, until, verdict, workers
from cifras.core import wake
from invoicing.models import Document

FLOOD, SAMPLES, LIMIT = 10_000, 12, 32
AT_MOST = 2.0


def main(arguments: list[str]) -> int:
    pairs = pairs_of(arguments, default=7)
    with stub(0.2) as provider:
        flooder, other = a_document(a_tenant()), a_document(a_tenant())
        Document.objects.filter(pk__in=[flooder.pk, other.pk]).update(due_at=None)
        queue(flooder, FLOOD)
        hold(flooder)
        settings = {"PAC_BASE_URL": provider.url, "PAC_CONCURRENCY": str(LIMIT)}
        ratios, sent = [], 0
        with workers(2, **settings):
            for _ in range(pairs + 1):
                idle = p95(other)
                let_go(flooder)
                flooded = p95(other)
                sent += hold(flooder)
                ratios.append(flooded / idle)
        most = provider.figures()["most_at_once"]
    within = most <= LIMIT
    line = {"figure": "P9 posts at once", "most": most, "at_most": LIMIT, "met": within}
    print(json.dumps(line), flush=True)
    met = verdict("P9 p95 beside a flood / when idle", ratios[1:], most=AT_MOST, flood_sent=sent)
    return 0 if met and within else 1


def hold(pattern: Document) -> int:
    """Stop the flood and wait until nothing of it is under way; answers how many of it have been accepted."""
    documents = Document.objects.filter(tenant=pattern.tenant)
    documents.filter(submission="QUEUED").update(due_at=timezone.now() + timedelta(days=1))
    until(lambda: not documents.filter(submission="SENDING").exists())
    return documents.filter(submission="ACCEPTED").update(due_at=None)


def let_go(pattern: Document) -> None:
    """Let the flood go on, and give it time to fill the provider."""
    waiting = Document.objects.filter(tenant=pattern.tenant, submission="QUEUED", due_at__gt=timezone.now())
    waiting.update(due_at=timezone.now())
    wake("invoicing.submit")
    until(lambda: Document.objects.filter(tenant=pattern.tenant, submission="SENDING").count() >= LIMIT // 2)


def p95(pattern: Document) -> float:
    """The 95th percentile, in seconds, of how long single documents take from the queue to the recorded answer."""
    keys = []
    for _ in range(SAMPLES):
        keys += queue(pattern, 1)
        wake("invoicing.submit")
        time.sleep(0.1)
    documents = Document.objects.filter(pk__in=keys)
    until(lambda: documents.filter(submission="ACCEPTED").count() == len(keys))
    took = ExpressionWrapper(F("accepted_at") - F("queued_at"), output_field=DurationField())
    waits = sorted(
        wait.total_seconds() for wait in documents.annotate(took=took).values_list("took", flat=True)
    )
    documents.update(due_at=None)
    return float(waits[int(len(waits) * 0.95)])
