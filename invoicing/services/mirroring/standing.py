"""Where a mirror stands, for whoever shows it."""

from enum import StrEnum
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q
from django.utils.translation import gettext

from cifras.core.wording import as_received
from invoicing.models import Mirror, MirroredRow
from tenants.access import TenantScopedQuerySet


class Standing(StrEnum):
    """Where a list stands. LOADING: it has never been read whole."""

    TROUBLED = "troubled"
    LOADING = "loading"
    READING = "reading"
    CURRENT = "current"


def standing_of(mirror: Mirror) -> Standing:
    """The one word for it."""
    if mirror.failures:
        return Standing.TROUBLED
    if mirror.whole_at is None:
        return Standing.LOADING
    return Standing.READING if mirror.is_running else Standing.CURRENT


def troubled(rows: TenantScopedQuerySet[Mirror]) -> TenantScopedQuerySet[Mirror]:
    """Those whose list cannot be read, or with a document that needs a person."""
    held = MirroredRow.objects.filter(tenant=OuterRef("tenant"), state=MirroredRow.State.HELD)
    return rows.filter(Q(failures__gt=0) | Exists(held))


def counts_of(mirror: Mirror) -> dict[str, int]:
    """How many listed documents stand in each state."""
    rows = MirroredRow.objects.filter(tenant=mirror.tenant_id).order_by()
    return dict(rows.values_list("state").annotate(Count("pk")))


def problem_text(problem: Any) -> str:
    """What stands in the way, in the language of whoever reads it; the provider's words in «»."""
    if not isinstance(problem, dict):
        return ""
    text = gettext(str(problem.get("message", "")))
    values = problem.get("values")
    if isinstance(values, dict) and values:
        text = text.format(**values)
    words = as_received(problem.get("words") or "", 500)
    return f"{text} «{words}»" if words else text
