"""What a run comes to: both sides, and the bridge from what was issued to what was sold, each currency by itself."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from reports.models import Origin
from reports.models.reconciliation import DifferenceClass
from reports.services import comparison
from reports.services.queries import Figure, added_up
from reports.services.reconciling.groups import Group, Stated
from reports.services.reconciling.rows import Found
from tenants.models import Tenant


def summary_of(
    tenant: Tenant,
    groups: Iterable[Mapping[str, Any]],
    ours: Mapping[Group, Stated],
    stated: Mapping[Group, Stated],
    found: Sequence[Found],
) -> dict[str, Any]:
    """Counts and sums as JSON. A total is None where a side does not tell it, or where currencies meet.

    `groups` are the month's as `fingerprint.groups_of` has them. `matched` are the documents that no difference names, whether
    they were looked at one by one or stand in a group that agrees.
    """
    whose = {"tenant": tenant.pk, "tenant__country": tenant.country, "environment": tenant.environment}
    issued = (each for each in groups if each["origin"] == Origin.ISSUED)
    mine = added_up({**each, **whose, "is_voided": each["voided"]} for each in issued)
    concerned = {each.document_uid for each in found if each.document_uid}
    by_currency = _by_currency(mine)
    is_one = len(by_currency) < 2
    documents = sum(each.count for each in ours.values())
    return {
        "documents": documents,
        "total": _total(ours) if is_one else None,
        "pac_documents": sum(each.count for each in stated.values()),
        "pac_total": _total(stated) if is_one else None,
        "groups": len(ours.keys() | stated.keys()),
        "matched": max(documents - len(concerned), 0),
        "rounding": f"{_rounding(found):.2f}" if is_one else None,
        "currencies": by_currency,
        "bridge": next(iter(by_currency.values()), _bridge([])) if is_one else {},
    }


def _total(groups: Mapping[Group, Stated]) -> str | None:
    totals = [each.total for each in groups.values()]
    return None if None in totals else str(sum(filter(None, totals), Decimal(0)))


def _by_currency(mine: Sequence[Figure]) -> dict[str, dict[str, str]]:
    """The bridge of each currency."""
    found: defaultdict[str, list[Figure]] = defaultdict(list)
    for figure in mine:
        found[figure.key.currency].append(figure)
    return {currency: _bridge(rows) for currency, rows in sorted(found.items())}


def _bridge(rows: Iterable[Figure]) -> dict[str, str]:
    bridge = comparison.bridge(rows)
    return {
        "gross": str(bridge.gross),
        "voided": str(bridge.voided),
        "credits": str(bridge.credits),
        "net": str(bridge.net_sales),
    }


def _rounding(found: Iterable[Found]) -> Decimal:
    values = [each.values["difference"] for each in found if each.difference == DifferenceClass.ROUNDING]
    return sum((Decimal(value) for value in values if value != "—"), Decimal(0))
