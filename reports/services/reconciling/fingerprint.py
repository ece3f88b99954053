"""The figures of a month as one short text: two that are alike tell that nothing countable has changed in between."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from reports.models import Origin
from reports.services.facts import SUMS, counted, of_month, with_key
from reports.services.rollups import cents

GROUP = ("origin", "kind", "legal_status", "voided", "currency")


def groups_of(tenant: int, month: date, environment: str, **counts: Any) -> list[Mapping[str, Any]]:
    """The groups of a month from its documents, each with count and sums; `counts` are more of them to count."""
    rows = with_key(of_month(counted().filter(tenant=tenant, environment=environment), month))
    return list(rows.values(*GROUP).order_by(*GROUP).annotate(**SUMS, **counts))


def fingerprint(groups: Iterable[Mapping[str, Any]]) -> str:
    """Of groups in any order, however they were read."""
    return hashlib.sha256(json.dumps(sorted(map(_told, groups))).encode()).hexdigest()


def of_issued(groups: Iterable[Mapping[str, Any]]) -> str:
    """Only of what the provider should know: sales that were issued elsewhere are not compared with it."""
    return fingerprint(group for group in groups if group["origin"] == Origin.ISSUED)


def _told(group: Mapping[str, Any]) -> Sequence[str]:
    sums = (str(cents(group[name])) for name in ("net_sum", "tax_sum", "total_sum"))
    return [*(str(group[name]) for name in GROUP), str(group["documents"]), *sums]
