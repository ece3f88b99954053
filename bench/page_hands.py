"""The hands of the benchmarks of pages: one process on one database, which reads pages as a person who is signed in.

For every line on stdin, a JSON object, it answers one. ``{"addresses": true}`` gives the pages that `bench.lists` compares;
``{"who": "root", "path": "/...", "times": 3}`` the seconds of the fastest of so many readings, with and without those it waited
for a processor (`bench.stopwatch`), the rows of the list, how many queries of ours it asks (fewest and most: some figures are
kept for seconds) and how long those took. Where an identifier leads on to a document's page, that one is read as well.
"""

import json
import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from datetime import date
from typing import Any
from unittest.mock import patch
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth.models import Group
from django.db import connection, models
from django.test import Client
from django.test.utils import override_settings

from bench.stopwatch import Stopwatch
from cifras.core.admin.big_list import AFTER_VAR
from cifras.core.admin.keyset import Order
from cifras.core.models import AuditEntry, Staff
from cifras.core.sealed import SealedAttribute, SealedField
from cifras.core.sign_in.sessions import FACTOR_AT
from cifras.core.walls import WalledQuerySet
from cifras.fiscal.zones import local_date
from invoicing.models import Invoice, WebhookDelivery
from reports.models import MonthlyFigure
from reports.services.facts import end_of_month
from tenants.models import Exchange, StaffGrant, Tenant

_PAGE = 50
_SEES = 100  # companies that the manager sees
_INVOICES = "/admin/invoicing/invoice/"
_LEDGERS: dict[str, tuple[str, type[models.Model], str]] = {
    "exchanges": ("/admin/tenants/exchange/", Exchange, "pk"),
    "deliveries": ("/admin/invoicing/webhookdelivery/", WebhookDelivery, "pk"),
    "audit": ("/admin/core/auditentry/", AuditEntry, "at"),
}
BARE = "bare"
_WALLS = ("cifras.core.scope_middleware.person_scope", "cifras.core.denials.audited_denials")
# Who is asking, and what they may do and see: the same on every page of the staff site.
_FRAME = re.compile(
    r'FROM "(django_session|auth_permission|tenants_staffgrant|core_staffsession)"|FROM "core_staff" WHERE'
)


def main(arguments: list[str]) -> int:  # noqa: ARG001
    settings.ALLOWED_HOSTS = ["*"]
    clients = {"root": signed_in(_root()), "manager": signed_in(_manager())}
    with override_settings(MIDDLEWARE=[name for name in settings.MIDDLEWARE if name not in _WALLS]):
        clients[BARE] = signed_in(_operator("bench-of-all", [None]))
        clients[BARE].handler.load_middleware()
    print("ready", flush=True)
    for line in sys.stdin:
        order = json.loads(line)
        with _stripped() if order.get("who") == BARE else nullcontext():
            answer = _addresses() if "addresses" in order else _read(clients[order["who"]], order)
        print(json.dumps(answer), flush=True)
    return 0


def _read(client: Client, order: dict[str, Any]) -> dict[str, Any]:
    quiet, passed, counts, ours = [], [], [], []
    for _ in range(order.get("times", 1)):
        watch, path, asked = Stopwatch(), order["path"], []
        is_list = True
        while path:
            with _watched() as seen:
                response = client.get(path)
            asked.append([cost for sql, cost in seen if not _is_frame(sql)])
            path = response.headers.get("Location")
            is_list = is_list and path is None
        quiet.append(watch.quiet)
        passed.append(watch.passed)
        counts.append(len(asked[0]))
        ours.append(sum(map(sum, asked)))
        assert response.status_code == 200, (order["path"], response.status_code)
    return {
        "seconds": min(quiet),
        "by_the_clock": min(passed),
        "queries": [min(counts), max(counts)],
        "in_queries": min(ours),
        "of_documents": sum("invoicing_document" in sql for sql, _cost in seen),
        # A document's page has as many rows as the document has parts: it counts as one.
        "rows": response.content.count(b"<tr") if is_list else 1,
    }


@contextmanager
def _stripped() -> Iterator[None]:
    """Secrets are plain text, and no queryset asks whose rows it may read; requests pass no scope and leave no denial behind."""

    def assign(field: SealedAttribute, row: models.Model, value: Any) -> None:
        row.__dict__[field.field.attname] = value

    with (
        patch.object(SealedField, "from_db_value", lambda _field, value, *_: value),
        patch.object(SealedAttribute, "__set__", assign),
        patch.object(WalledQuerySet, "_stand_behind_the_wall", lambda _rows: None),
        patch.object(WalledQuerySet, "_require_scope", lambda _rows: None),
    ):
        yield


def _addresses() -> dict[str, str]:
    """The pages by name. A month of fewer documents than a page has is stood for by the whole span."""
    rows = Invoice.objects.filter(environment="live", legal_status="DGI_AUTHORIZED")
    one = rows.exclude(number="").order_by("-pk")[_PAGE]
    alone = rows.filter(tenant=Tenant.objects.order_by("pk")[0]).order_by("-number")[0]
    first, last = _a_month()
    pages = {
        "first page": {},
        "deepest": {AFTER_VAR: _before_the_last(Invoice.objects.filter(environment="live"), "pk")},
        "tenant": {"tenant__id__exact": alone.tenant_id},
        "status": {"legal": "DGI_AUTHORIZED"},
        "month": {"issue_date_from": first, "issue_date_to": last},
        "tenant, status and month": {
            "tenant__id__exact": alone.tenant_id,
            "legal": "DGI_AUTHORIZED",
            "issue_date_from": first,
            "issue_date_to": last,
        },
        "number": {"q": alone.number},
        "CUFE": {"q": one.cufe},
    }
    found = {name: f"{_INVOICES}?{urlencode(query)}" for name, query in pages.items()}
    for name, (path, model, column) in _LEDGERS.items():
        found[name] = path
        found[f"{name}, deepest"] = (
            f"{path}?{AFTER_VAR}={_before_the_last(model._default_manager.all(), column)}"
        )
    return found


def _a_month() -> tuple[date, date]:
    """The month before last, or everything where it has too few documents."""
    months = list(MonthlyFigure.objects.order_by("month").values_list("month", flat=True).distinct())
    first, last = months[-3], end_of_month(months[-3])
    if (
        MonthlyFigure.objects.filter(month=first, kind="INVOICE").aggregate(n=models.Sum("count"))["n"]
        > 20 * _PAGE
    ):
        return first, last
    return months[0], local_date(Invoice.objects.latest("pk").issue_date)


def _before_the_last(rows: Any, column: str) -> str:
    """The place after which the last page begins, as full as the first."""
    by = Order(rows.model, column)
    return by.token(rows.order_by(*by.ordering(backwards=True))[_PAGE])


@contextmanager
def _watched() -> Iterator[list[tuple[str, float]]]:
    """Every query with what it cost until its first row came."""
    seen: list[tuple[str, float]] = []

    def watch(execute: Any, sql: Any, params: Any, many: bool, context: Any) -> Any:
        start = time.perf_counter()
        try:
            return execute(sql, params, many, context)
        finally:
            seen.append((str(sql), time.perf_counter() - start))

    with connection.execute_wrapper(watch):
        yield seen


def _is_frame(sql: str) -> bool:
    return bool(_FRAME.search(sql.partition(" WHERE ")[0] + " WHERE"))


def signed_in(person: Staff) -> Client:
    """A client of somebody who has given their second factor just now."""
    client = Client()
    client.force_login(person)
    session = client.session
    session[FACTOR_AT] = time.time()
    session.save()
    return client


def _root() -> Staff:
    return Staff.objects.filter(username="bench").first() or Staff.objects.create_superuser("bench")


def _manager() -> Staff:
    """Somebody with a role and sight of many companies, large and small."""
    keys = list(Tenant.objects.order_by("pk").values_list("pk", flat=True))
    return _operator("bench-manager", list(keys[:: max(len(keys) // _SEES, 1)]))


def _operator(name: str, tenants: list[int | None]) -> Staff:
    person = Staff.objects.filter(username=name).first()
    if person is None:
        person = Staff.objects.create_user(name, is_staff=True)
        person.groups.set(Group.objects.filter(name="Operaciones"))
        StaffGrant.objects.bulk_create([StaffGrant(staff=person, tenant_id=key) for key in tenants])
    return person
