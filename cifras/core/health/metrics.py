"""The figures for Prometheus, read from the tables when they are asked for: they hold for all processes and survive restarts.

Floors above this one bring theirs by CIFRAS_METRICS: names of functions that answer metric families. No label names a tenant.
"""

from collections.abc import Iterator
from datetime import timedelta

from django.conf import settings
from django.db.models import Count
from django.utils import timezone
from django.utils.module_loading import import_string
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from cifras.core.models import AuditEntry, Heartbeat
from cifras.core.scopes import all_tenants

# What went wrong at the door, or was refused behind it, as the audit trail calls it.
_REFUSED = (
    "sign_in.failed",
    "sign_in.closed",
    "second_factor.refused",
    "access.denied",
    "access.not_found",
)
_WINDOW = timedelta(hours=1)
_MOST_COUNTED = 10_000


class _Sources(Collector):
    def collect(self) -> Iterator[Metric]:
        yield from core_metrics()
        for source in settings.CIFRAS_METRICS:
            yield from import_string(source)()


def exposition() -> bytes:
    """All figures as text."""
    registry = CollectorRegistry(auto_describe=False)
    with all_tenants(reason="figures for the monitoring, which name no tenant"):
        registry.register(_Sources())
        return generate_latest(registry)


def core_metrics() -> Iterator[Metric]:
    """Refusals at the door and the age of the heartbeat."""
    now = timezone.now()
    refused = GaugeMetricFamily(
        "cifras_refusals_last_hour",
        f"Sign-ins that failed and accesses that were denied in the last hour, at most {_MOST_COUNTED}",
        labels=["action"],
    )
    recent = AuditEntry.objects.filter(action__in=_REFUSED, at__gte=now - _WINDOW).order_by("-at")
    rows = AuditEntry.objects.filter(pk__in=recent.values("pk")[:_MOST_COUNTED]).order_by()
    counts = dict(rows.values_list("action").annotate(Count("pk")))
    for action in _REFUSED:
        refused.add_metric([action], counts.get(action, 0))
    yield refused
    age = GaugeMetricFamily(
        "cifras_heartbeat_age_seconds", "Seconds since the schedule's last sweep", labels=["sweep"]
    )
    for name, at in Heartbeat.objects.values_list("name", "at"):
        age.add_metric([name], (now - at).total_seconds())
    yield age
