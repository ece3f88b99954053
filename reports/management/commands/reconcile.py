"""`manage.py reconcile`: a month held against the providers' figures, one line of JSON per difference (interface: Commands)."""

import sys
from argparse import ArgumentParser
from collections import Counter
from typing import Any

from django.core.management.base import BaseCommand

from cifras.core.management.results import as_line, complaint, error_list
from cifras.fiscal.errors import RuleBroken
from cifras.pac.errors import PacError
from reports.management.arguments import month, named_tenants
from reports.models import Difference, Reconciliation
from reports.services.reconciling.reasons import reason_text
from reports.services.reconciling.running import reconcile
from tenants.models import Tenant


class Command(BaseCommand):
    help = (
        "Concilia un mes, por fecha local de emisión (America/Panama), con las cifras del PAC: una línea por diferencia, con su "
        "clase y su motivo, y al final el resumen. Termina con 0 haya o no diferencias, con 1 si algo no se pudo comparar."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("month", type=month, help="mes, AAAA-MM")
        parser.add_argument("--tenant", default="", help="pac_company_id o identificador de la empresa")
        parser.add_argument("--environment", choices=["sandbox", "live", "all"], default="all")
        parser.add_argument(
            "--cached", action="store_true", help="la última respuesta guardada del PAC, sin preguntar nada"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        summed = _Summed()
        try:
            tenants = named_tenants(options["tenant"])
            if options["environment"] != "all":
                tenants = tenants.filter(environment=options["environment"])
            if not options["tenant"]:
                tenants = tenants.exclude(pac_company_id=None)
            for tenant in tenants:
                self._reconcile(tenant, options, summed)
        except RuleBroken as error:
            summed.errors += error_list(error)
        self.stdout.write(as_line({"summary": summed.as_dict(options["month"])}))
        sys.exit(1 if summed.errors else 0)

    def _reconcile(self, tenant: Tenant, options: dict[str, Any], summed: "_Summed") -> None:
        try:
            run = reconcile(tenant, options["month"], only_cached=options["cached"])
        except (PacError, RuleBroken) as error:
            summed.errors += [{"tenant": str(tenant.uid), **each} for each in error_list(error, about="pac")]
            return
        for difference in run.differences.all():
            self.stdout.write(as_line(_line(tenant, difference)))
        summed.add(tenant, run)


class _Summed:
    """The last line."""

    def __init__(self) -> None:
        self.tenants: list[dict[str, Any]] = []
        self.by_class: Counter[str] = Counter()
        self.counts: Counter[str] = Counter()
        self.errors: list[dict[str, str]] = []

    def add(self, tenant: Tenant, run: Reconciliation) -> None:
        """One tenant more."""
        self.by_class.update(run.by_class)
        for name in ("documents", "pac_documents", "matched"):
            self.counts[name] += run.summary[name]
        self.tenants.append(
            {
                "tenant": str(tenant.uid),
                "pac_company_id": tenant.pac_company_id,
                "environment": run.environment,
                "run": run.run,
                "differences": sum(run.by_class.values()),
                **run.summary,
            }
        )
        if run.error:
            error = complaint("reconciliation_incomplete", "pac", run.error)
            self.errors.append({"tenant": str(tenant.uid), **error})

    def as_dict(self, month: Any) -> dict[str, Any]:
        """As it is printed."""
        return {
            "month": f"{month:%Y-%m}",
            "documents": self.counts["documents"],
            "pac_documents": self.counts["pac_documents"],
            "matched": self.counts["matched"],
            "differences": sum(self.by_class.values()),
            "by_class": dict(sorted(self.by_class.items())),
            "complete": not self.errors,
            "tenants": self.tenants,
            "errors": self.errors,
        }


def _line(tenant: Tenant, difference: Difference) -> dict[str, Any]:
    return {
        "tenant": str(tenant.uid),
        "pac_company_id": tenant.pac_company_id,
        "class": difference.difference_class,
        "kind": difference.kind or None,
        "legal_status": difference.legal_status or None,
        "ours": difference.ours,
        "pac": difference.pac,
        "reason": reason_text(difference.reason_key, difference.reason_values),
    }
