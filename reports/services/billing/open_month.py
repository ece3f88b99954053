"""What has been used of a month that is still open: told, never charged."""

from collections.abc import Mapping
from datetime import date

from django.db.models import Count

from cifras.fiscal.lifecycle import LegalStatus, VoidStatus
from invoicing.models.choices import Mode
from reports.services.billing.papers import ISSUED, VOIDED, empty_usage
from reports.services.facts import counted, of_month
from tenants.models import Tenant


def usage_so_far(tenant: Tenant, month: date) -> Mapping[str, Mapping[str, int]]:
    """The month's documents that the DGI has authorised, and those of them that are void, as they stand now."""
    usage = empty_usage()
    rows = of_month(counted().filter(tenant=tenant), month).filter(
        mode=Mode.DGI, legal_status=LegalStatus.DGI_AUTHORIZED
    )
    for kind, void_status, count in rows.order_by().values_list("kind", "void_status").annotate(Count("pk")):
        usage[ISSUED][kind] += count
        if void_status == VoidStatus.VOIDED:
            usage[VOIDED][kind] += count
    return usage
