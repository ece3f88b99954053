"""What the floors above know about a company or a person, for acts that begin on this one.

Nothing here may import them, so settings name their functions: CIFRAS_TENANT_OBLIGATIONS, CIFRAS_TENANT_COPIERS and
CIFRAS_STAFF_HOLDINGS.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.utils.module_loading import import_string

from cifras.core.models import Staff
from cifras.fiscal.errors import RuleBroken
from tenants.models import Tenant


@dataclass(frozen=True, slots=True)
class Copied:
    """How many rows of one kind go along with a company. `title` is lazy text."""

    title: Any
    count: int


@dataclass(frozen=True, slots=True)
class Holding:
    """Rows that are in somebody's hands; `page` is the list ("invoicing_invoice") that shows them under `query`."""

    title: Any
    count: int
    page: str
    query: str


def obligations(tenant: Tenant) -> list[RuleBroken]:
    """Every reason why the company cannot be left alone yet."""
    return [reason for name in settings.CIFRAS_TENANT_OBLIGATIONS for reason in _called(name, tenant)]


def copied(source: Tenant, target: Tenant | None) -> list[Copied]:
    """Copy to `target` what goes along with `source` and is not there yet; without a target only count it."""
    return [import_string(name)(source, target) for name in settings.CIFRAS_TENANT_COPIERS]


def holdings(person: Staff, viewer: Staff) -> list[Holding]:
    """What is in the person's hands, as far as `viewer` may see it; empty kinds are left out."""
    found = (each for name in settings.CIFRAS_STAFF_HOLDINGS for each in _called(name, person, viewer))
    return [holding for holding in found if holding.count]


def _called(name: str, *arguments: Any) -> Iterator[Any]:
    rows: Iterable[Any] = import_string(name)(*arguments)
    yield from rows
