"""Filling an empty database: companies, documents month by month, indexes, roll-up, statistics."""

import random
import time
from collections.abc import Callable
from datetime import date, datetime
from datetime import time as clock
from typing import Any

from django.conf import settings
from django.db import connection, transaction

from cifras.core.models import AuditChain, Staff
from cifras.fiscal.errors import RuleBroken, gettext_noop
from cifras.fiscal.zones import PANAMA
from reports.models import MonthlyFigure, MonthlyRate
from reports.services.bench_data import masters
from reports.services.bench_data.copying import without_indexes
from reports.services.bench_data.figures import rebuild_all
from reports.services.bench_data.plan import Plan, moments, plan
from reports.services.bench_data.writing import MODELS, Writer
from tenants.models import Tenant

_LEAST = 200
_MOST = 50_000_000


def require_room(documents: int, *, is_sure: bool) -> None:
    """Raises RuleBroken unless this database may be filled. `is_sure`: somebody has looked at whose it is."""
    if connection.vendor != "postgresql":
        raise RuleBroken(
            "bench_data_needs_postgresql",
            gettext_noop("Los datos de medición necesitan PostgreSQL."),
            "database",
        )
    if not _LEAST <= documents <= _MOST:
        raise RuleBroken(
            "bench_data_size",
            gettext_noop("Pida entre {least} y {most} documentos."),
            "documents",
            least=_LEAST,
            most=_MOST,
        )
    if Tenant.objects.exclude(pac_company_id__startswith=masters.MARK).exists():
        raise RuleBroken(
            "bench_data_foreign",
            gettext_noop("Esta base tiene empresas que no son de una medición: no se toca."),
            "database",
        )
    if not is_sure and _looks_like_production():
        raise RuleBroken(
            "bench_data_production",
            gettext_noop("Esta base parece de producción. Si no lo es, repita con --yes."),
            "database",
        )


def fill(documents: int, *, seed: int, until: date, say: Callable[[str], None]) -> dict[str, Any]:
    """Fill the database anew; what an earlier filling left is taken away first. All of it or nothing. Answers figures."""
    began = time.monotonic()
    spread = plan(documents, until)
    with transaction.atomic():
        _empty()
        rows = _write(spread, seed, say)
        say("roll-up")
        rows["figures"] = rebuild_all()
    _analyse()
    return {
        "documents": spread.documents,
        "tenants": spread.tenants,
        "months": [str(spread.months[0]), str(spread.months[-1])],
        "peak": {"month": str(spread.peak_month), "documents": max(spread.counts[-2])},
        "rows": rows,
        "seed": seed,
        "seconds": round(time.monotonic() - began, 1),
    }


def _write(spread: Plan, seed: int, say: Callable[[str], None]) -> dict[str, int]:
    chance = random.Random(seed)  # noqa: S311 nothing secret
    since = datetime.combine(spread.months[0], clock.min, tzinfo=PANAMA)
    issuers = masters.make(spread.tenants, chance, since)
    sizes = [sum(counts) for counts in zip(*spread.counts, strict=True)]
    until = datetime.combine(spread.until, clock.max, tzinfo=PANAMA)
    writer = Writer(issuers, sizes, chance, until)
    with without_indexes([model._meta.db_table for model in MODELS]):
        for number, month in enumerate(spread.months):
            for moment, tenant in moments(spread, number, chance):
                writer.write(moment, tenant)
            say(f"{month:%Y-%m}: {writer.documents:,}")
        writer.finish()
        say("indexes")
    masters.number_series(issuers, writer.numbers)
    return dict(writer.rows)


def _looks_like_production() -> bool:
    host = str(connection.settings_dict["HOST"])
    is_elsewhere = bool(host) and not host.startswith("/") and host not in {"localhost", "127.0.0.1", "::1"}
    return is_elsewhere or not settings.DEBUG or Staff.objects.filter(last_login__isnull=False).exists()


def _empty() -> None:
    """What hangs on the companies goes with them; ledgers name them without a key."""
    if not Tenant.objects.exists():
        return
    tables = [model._meta.db_table for model in (Tenant, *MODELS, AuditChain, MonthlyFigure, MonthlyRate)]
    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {', '.join(tables)} CASCADE")


def _analyse() -> None:
    with connection.cursor() as cursor:
        for model in (*MODELS, Tenant, MonthlyFigure, MonthlyRate):
            cursor.execute(f"VACUUM (ANALYZE) {model._meta.db_table}")
