"""The monthly roll-up of every company at once, from the documents, in two statements; level as of now.

A document that is made here names each of its tax rates once.
"""

from django.db import connection
from django.utils import timezone

from invoicing.models import TimelineEvent
from reports.models import DirtyMonth, MonthlyFigure, MonthlyRate, RollupCursor
from reports.services.facts import counted, with_key

_FACTS = ("tenant", "issue_date", "kind", "legal_status", "environment", "currency", "origin", "voided")
_KEY = "tenant_id, month, origin, kind, legal_status, is_voided, environment, currency"
_FACT_KEY = (
    "tenant AS tenant_id, date_trunc('month', issue_date AT TIME ZONE 'America/Panama')::date AS month,"
    " origin, kind, legal_status, voided AS is_voided, environment, currency"
)
_EMPTY = "DELETE FROM {table}"
_FIGURES = f"""
    INSERT INTO {MonthlyFigure._meta.db_table} ({_KEY}, count, net, tax, total)
    SELECT {_FACT_KEY}, count(*), sum(net), sum(itbms + isc + oti), sum(total)
    FROM ({{facts}}) AS facts GROUP BY 1, 2, 3, 4, 5, 6, 7, 8
"""  # noqa: S608 our own names
_RATES = f"""
    INSERT INTO {MonthlyRate._meta.db_table} ({_KEY}, tax_rate, count, base, tax)
    SELECT {_FACT_KEY}, trim_scale(rate)::text, count(*), sum(base), sum(tax)
    FROM ({{facts}}) AS facts, jsonb_to_recordset(totals_by_rate) AS row(rate numeric, base numeric, tax numeric)
    GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9
"""  # noqa: S608 our own names


def rebuild_all() -> int:
    """Write the whole roll-up anew; answers how many groups it has. PostgreSQL only, in the caller's transaction."""
    facts = with_key(counted().filter(issue_date__isnull=False)).order_by()
    money, params = facts.values(*_FACTS, "net", "itbms", "isc", "oti", "total").query.sql_with_params()
    rates, rate_params = facts.values(*_FACTS, "totals_by_rate").query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL work_mem = '256MB'")
        for model in (MonthlyFigure, MonthlyRate):
            cursor.execute(_EMPTY.format(table=model._meta.db_table))
        cursor.execute(_FIGURES.format(facts=money), params)
        cursor.execute(_RATES.format(facts=rates), rate_params)
    DirtyMonth.objects.all().delete()
    RollupCursor.objects.all().delete()
    last = TimelineEvent.objects.order_by("-pk").values_list("pk", flat=True).first()
    RollupCursor.objects.create(pk=1, event_id=last or 0, caught_up_at=timezone.now())
    return MonthlyFigure.objects.count() + MonthlyRate.objects.count()
