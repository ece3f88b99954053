"""P8: how fast documents leave with the whole protocol, against a plain loop that posts and keeps nothing.

    python -m bench submission [-- --pairs 7]

Whole protocol: real Celery workers on Redis and PostgreSQL, one process per core, claim, write attempts, post, keep the exchange,
move the document, tell timeline and audit. Both sides have 32 calls at once. Time runs from the wake to the last row.
"""

import os
import time
from pathlib import Path

from celery import current_app

from bench.documents import a_document, a_tenant, queue
from bench.stage import child, pairs_of, stub, tell, until, verdict, workers
from invoicing.models import Attempt, Document

AT_ONCE = 32
PROCESSES = max(1, min(4, os.cpu_count() or 1))


def main(arguments: list[str]) -> int:
    pairs = pairs_of(arguments, default=7)
    at_200 = measure(0.2, documents=960, pairs=pairs, least=0.90, target=0.95)
    at_0 = measure(0.0, documents=1500, pairs=pairs, least=None, target=0.50)
    return 0 if at_200 and at_0 else 1


def measure(latency: float, *, documents: int, pairs: int, least: float | None, target: float) -> bool:
    """One figure, both sides taking turns; the first round warms both up and does not count."""
    with stub(latency) as provider:
        # One lane in eight is kept for reads.
        variables = {
            "PAC_BASE_URL": provider.url,
            "PAC_CONCURRENCY": str(AT_ONCE * 8 // 7 + 1),
            "PAC_THREADS": str(AT_ONCE // PROCESSES),
        }
        tenant = a_tenant()
        pattern = a_document(tenant)
        Document.objects.filter(pk=pattern.pk).update(due_at=None)
        sent = ["QUEUED", "SENDING", "UNKNOWN"]
        open_documents = Document.objects.filter(submission__in=sent, tenant=tenant).exclude(pk=pattern.pk)
        payload = Path(os.environ["CIFRAS_VAR_DIR"]) / "payload.json"
        payload.write_bytes(bytes(pattern.payload or b""))
        url = f"{provider.url}/pan/v1/invoices?idCompany={tenant.pac_company_id}"
        ratios, ours_each, plain_each = [], [], []
        with (
            child("bench.plain", url, str(AT_ONCE), str(payload)) as plain_loop,
            workers(PROCESSES, **variables),
        ):
            for _ in range(pairs + 1):
                plain = float(tell(plain_loop, str(documents)))
                keys = queue(pattern, documents)
                start = time.perf_counter()
                for _ in range(PROCESSES):
                    current_app.send_task("invoicing.submit", ignore_result=True)
                until(lambda: not open_documents.exists(), every=0.02)
                ours = time.perf_counter() - start
                assert Attempt.objects.filter(document__in=keys, outcome="DONE").count() == documents
                ratios.append(plain / ours)
                ours_each.append(documents / ours)
                plain_each.append(documents / plain)
        figures = provider.figures()
        assert figures["most_at_once"] <= AT_ONCE, figures["most_at_once"]
    return verdict(
        f"P8 submission, provider of {latency * 1000:.0f} ms, {AT_ONCE} at once",
        ratios[1:],
        least=least if least is not None else target,
        target=target,
        documents_per_second={"ours": round(max(ours_each[1:])), "plain": round(max(plain_each[1:]))},
    )
