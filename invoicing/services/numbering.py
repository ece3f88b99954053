"""Taking numbers: no gap and no duplicate, whatever the concurrency.

Source: domain 5 and the DGI's numbering (dNroDF: ten digits per branch, billing point and document type, never restarting).
The number is taken under the series' row lock inside the transaction that queues the document, so a transaction that fails
gives it back.
"""

import secrets

from cifras.fiscal.errors import RuleBroken, gettext_noop
from invoicing.models import NumberSeries
from tenants.models import BillingPoint, Office

PROFORMA_SERIES = "P"
_LAST_NUMBER = 9_999_999_999


def take_number(office: Office, billing_point: str, series: str) -> str:
    """The next number of the series, ten digits; ``P-`` and six digits for a proforma. Call it inside a transaction."""
    point = BillingPoint.objects.filter(office=office, code=billing_point).first()
    NumberSeries.objects.get_or_create(
        office=office,
        billing_point=billing_point,
        series=series,
        defaults={"next_number": point.first_number if point and series != PROFORMA_SERIES else 1},
    )
    row = NumberSeries.objects.select_for_update().get(
        office=office, billing_point=billing_point, series=series
    )
    number = row.next_number
    if number > _LAST_NUMBER:
        raise RuleBroken(
            "numbering_exhausted",
            gettext_noop(
                "La numeración de este punto de facturación se agotó: abra otro punto de facturación."
            ),
            "billing_point",
        )
    NumberSeries.objects.filter(pk=row.pk).update(next_number=number + 1)
    return f"P-{number:06d}" if series == PROFORMA_SERIES else f"{number:010d}"


def draw_security_code() -> str:
    """Nine random digits, not all zero (DGI dSeg): drawn once per document, never redrawn."""
    return f"{secrets.randbelow(999_999_999) + 1:09d}"
