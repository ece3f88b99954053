"""`manage.py billing`: what each company owes us for a month, one line of JSON per company (interface: Commands)."""

import sys
from argparse import ArgumentParser
from collections import Counter
from datetime import date
from decimal import Decimal
from typing import Any

from django.core.management.base import BaseCommand

from cifras.core.management.results import as_line, error_list
from cifras.fiscal.errors import RuleBroken
from reports.management.arguments import month, named_tenants
from reports.models import BillingLine, BillingStatement
from reports.services.billing.drafting import draft
from reports.services.billing.issuing import standing_statement
from reports.services.billing.open_month import usage_so_far
from reports.services.billing.papers import Draft, draft_issued, line_json, totals_json
from reports.services.closing.usage import closed
from tenants.models import Tenant


class Command(BaseCommand):
    help = (
        "Lo que cada empresa debe por un mes cerrado: consumo, líneas y total, una línea por empresa, y al final el resumen. De "
        "un mes abierto solo se dice el consumo hasta ahora. Termina con 1 si alguna empresa no se pudo calcular. No emite nada."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("month", type=month, help="mes, AAAA-MM")
        parser.add_argument("--tenant", default="", help="pac_company_id o identificador de la empresa")
        parser.add_argument(
            "--environment",
            choices=["sandbox", "live", "all"],
            default="live",
            help="las de pruebas se cuentan y nunca se cobran",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        first, summary = options["month"], _Summary()
        try:
            tenants = named_tenants(options["tenant"]).exclude(state=Tenant.State.ONBOARDING)
            if options["environment"] != "all":
                tenants = tenants.filter(environment=options["environment"])
            for tenant in tenants:
                row = _row(tenant, first)
                summary.add(row)
                self.stdout.write(as_line(row))
        except RuleBroken as error:
            summary.errors += error_list(error)
        self.stdout.write(as_line({"summary": summary.as_dict(first)}))
        sys.exit(1 if summary.errors else 0)


class _Summary:
    """The last line."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.totals: dict[str, Decimal] = {}
        self.usage: dict[str, Counter[str]] = {}
        self.errors: list[dict[str, str]] = []

    def add(self, row: dict[str, Any]) -> None:
        """One company more."""
        self.counts["tenants"] += 1
        self.counts["closed"] += row["closed"]
        self.counts["issued"] += row["statement"] is not None
        for name, kinds in row["usage"].items():
            self.usage.setdefault(name, Counter()).update(kinds)
        for currency, amount in row["totals"].items():
            self.totals[currency] = self.totals.get(currency, Decimal(0)) + Decimal(amount)
        self.errors += [{"tenant": row["tenant"], **error} for error in row["errors"]]

    def as_dict(self, first: date) -> dict[str, Any]:
        """As it is printed; sums of currencies apart."""
        return {
            "month": f"{first:%Y-%m}",
            **{name: self.counts[name] for name in ("tenants", "closed", "issued")},
            "usage": {name: dict(kinds) for name, kinds in self.usage.items()},
            "totals": totals_json(self.totals),
            "complete": not self.errors,
            "errors": self.errors,
        }


def _row(tenant: Tenant, first: date) -> dict[str, Any]:
    """One company: what was issued, or else what would be."""
    row: dict[str, Any] = {
        "tenant": str(tenant.uid),
        "pac_company_id": tenant.pac_company_id,
        "environment": tenant.environment,
        "month": f"{first:%Y-%m}",
        "closed": closed(tenant, first) is not None,
        "statement": None,
        "plan": None,
        "currency": None,
        "usage": {},
        "lines": [],
        "total": None,
        "totals": {},
        "errors": [],
    }
    statement = standing_statement(tenant.pk, first)
    try:
        found = _of_statement(statement) if statement else draft(tenant, first)
    except RuleBroken as error:
        row["usage"] = usage_so_far(tenant, first)
        row["errors"] = error_list(error) if tenant.is_live else []
        return row
    return row | _owed(found) | {"statement": statement.number if statement else None}


def _of_statement(statement: BillingStatement) -> Draft:
    return draft_issued(statement, list(BillingLine.objects.filter(statement=statement)))


def _owed(found: Draft) -> dict[str, Any]:
    totals = totals_json(found.totals)
    return {
        "plan": found.plan_name or None,
        "currency": found.currency,
        "usage": found.usage,
        "lines": [line_json(line) for line in found.lines],
        "total": totals.get(found.currency, "0.00"),
        "totals": totals,
    }
