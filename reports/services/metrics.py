"""How the product fares, for the monitoring: what waits and how long, what the providers answer, what needs a person.

Every figure comes from a small index or from the newest rows alone, so a scrape costs the same at five million documents.
A label names a state or a provider, never a tenant.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Case, CharField, Count, Min, QuerySet, Value, When
from django.utils import timezone
from prometheus_client.metrics_core import GaugeMetricFamily, Metric

from cifras.fiscal.lifecycle import Submission
from invoicing.models import Document, Incident, ProviderHealth, WebhookDelivery
from tenants.models import Exchange

MOST_ROWS = 10_000
_RECENT = timedelta(minutes=5)
_ANSWER = Case(
    When(status=None, then=Value("none")),
    *(
        When(status__gte=floor, status__lt=floor + 100, then=Value(f"{floor // 100}xx"))
        for floor in range(100, 600, 100)
    ),
    default=Value("odd"),
    output_field=CharField(),
)


@dataclass(frozen=True, slots=True)
class Queue:
    """`rows` are those whose turn has come, in the order of their turns; `state` and `since` name columns of theirs."""

    name: str
    words: str
    rows: QuerySet[Any]
    state: str
    since: str


def metrics() -> Iterator[Metric]:
    """The families of settings.CIFRAS_METRICS; the caller has every tenant within reach."""
    now = timezone.now()
    for queue in _queues(now):
        yield from _waiting(queue, now)
    yield _doubtful()
    yield from _providers(now)
    open_incidents = GaugeMetricFamily("cifras_incidents_open", "Tenants whose queue is held")
    open_incidents.add_metric([], Incident.objects.filter(released_at=None).count())
    yield open_incidents


def _queues(now: datetime) -> list[Queue]:
    documents, voids = Document.objects.filter(due_at__lte=now), Document.objects.filter(void_due_at__lte=now)
    inbox = WebhookDelivery.objects.filter(due_at__lte=now)
    return [
        Queue(
            "documents",
            "Documents whose next step is due",
            documents.order_by("due_at"),
            "submission",
            "due_at",
        ),
        Queue(
            "voids",
            "Voids whose next step is due",
            voids.order_by("void_due_at"),
            "void_status",
            "void_due_at",
        ),
        Queue("webhooks", "Webhooks to be processed", inbox.order_by("due_at"), "state", "received_at"),
    ]


def _waiting(queue: Queue, now: datetime) -> Iterator[Metric]:
    """Of the MOST_ROWS that have waited longest: how many stand in each state, and the age of the oldest."""
    words = f"{queue.words}, by {queue.state}, at most {MOST_ROWS}"
    count = GaugeMetricFamily(f"cifras_{queue.name}_due", words, labels=["state"])
    age = GaugeMetricFamily(
        f"cifras_{queue.name}_due_age_seconds", "Age of the oldest of them", labels=["state"]
    )
    rows = queue.rows.model._default_manager.filter(pk__in=queue.rows.values("pk")[:MOST_ROWS]).order_by()
    for row in rows.values(queue.state).annotate(count=Count("pk"), oldest=Min(queue.since)):
        count.add_metric([row[queue.state]], row["count"])
        age.add_metric([row[queue.state]], max((now - row["oldest"]).total_seconds(), 0.0))
    yield count
    yield age


def _doubtful() -> Metric:
    """UNKNOWN is what a person has to see; what no provider can be asked about has no due time."""
    family = GaugeMetricFamily("cifras_documents_unconfirmed", f"Outcome not known, at most {MOST_ROWS}")
    rows = Document.objects.filter(submission=Submission.UNKNOWN).order_by()
    family.add_metric([], rows.values("pk")[:MOST_ROWS].count())
    return family


def _providers(now: datetime) -> Iterator[Metric]:
    answers = GaugeMetricFamily(
        "cifras_provider_answers_recent",
        f"Calls of the last five minutes by the class of their answer, among the newest {MOST_ROWS}",
        labels=["provider", "answer"],
    )
    newest = Exchange.objects.order_by("-pk").values("pk")[:MOST_ROWS]
    recent = Exchange.objects.filter(pk__in=newest, started_at__gte=now - _RECENT).order_by()
    for row in recent.annotate(answer=_ANSWER).values("provider", "answer").annotate(count=Count("pk")):
        answers.add_metric([row["provider"], row["answer"]], row["count"])
    yield answers
    paused = GaugeMetricFamily(
        "cifras_provider_paused", "1 while the provider is left alone", labels=["provider", "environment"]
    )
    for health in ProviderHealth.objects.all():
        is_paused = health.open_until is not None and health.open_until > now
        paused.add_metric([health.provider, health.environment], int(is_paused))
    yield paused
