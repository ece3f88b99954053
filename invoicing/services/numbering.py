"""Taking numbers: no gap and no duplicate, whatever the concurrency.

Source: domain 5 and the DGI's numbering (dNroDF: ten digits per branch, billing point and document type, never restarting).
The number is taken under the series' row lock inside the transaction that queues the document, so a transaction that fails
gives it back.
"""

import secrets

from django.db import connection

from cifras.fiscal.errors import RuleBroken, gettext_noop
from invoicing.models import Document, NumberSeries
from tenants.models import BillingPoint, Office

PROFORMA_SERIES = "P"
DIGITS = 10  # of a DGI number (dNroDF)
_TAKE = """
UPDATE invoicing_numberseries SET next_number = next_number + 1
WHERE office_id = %s AND billing_point = %s AND series = %s RETURNING next_number - 1
"""

type _Key = tuple[int, str, str]


def take_number(office: Office, billing_point: str, series: str, *, digits: int = DIGITS) -> str:
    """The next number of the series, of so many digits; ``P-`` and six digits for a proforma. Call it inside a transaction."""
    key, last = (office.pk, billing_point, series), 10**digits - 1
    number = _take(key) or _take(_opened_series(office, billing_point, series)) or last + 1
    if number > last:
        raise RuleBroken(
            "numbering_exhausted",
            gettext_noop(
                "La numeración de este punto de facturación se agotó: abra otro punto de facturación."
            ),
            "billing_point",
        )
    return f"P-{number:06d}" if series == PROFORMA_SERIES else f"{number:0{digits}d}"


def reserve_number(office: Office, billing_point: str, series: str, number: str, *, cufe: str) -> None:
    """Keep `number`, ten digits, out of what will be taken: it was used in another system. Call it inside a transaction.

    The series goes on behind it. Raises RuleBroken when a document of ours with another CUFE bears it already.
    """
    row = _locked_series(office, billing_point, series)
    holder = Document.objects.issued_by_us().filter(
        office=office, billing_point=billing_point, series=series, number=number
    )
    if holder.exclude(cufe=cufe).exists():
        raise RuleBroken(
            "number_taken",
            gettext_noop(
                "El número {number} del punto {point} ya es de otro documento de la empresa: compare los dos."
            ),
            "cufe",
            number=number,
            point=f"{office.code}-{billing_point}",
        )
    _go_on_behind(row, number)


def pass_number(office: Office, billing_point: str, series: str, number: str) -> None:
    """Let the series go on behind a number that was used at the provider. Call it inside a transaction."""
    _go_on_behind(_locked_series(office, billing_point, series), number)


def draw_security_code() -> str:
    """Nine random digits, not all zero (DGI dSeg): drawn once per document, never redrawn."""
    return f"{secrets.randbelow(999_999_999) + 1:09d}"


def _go_on_behind(row: NumberSeries, number: str) -> None:
    if int(number) >= row.next_number:
        NumberSeries.objects.filter(pk=row.pk).update(next_number=int(number) + 1)


def _take(key: _Key) -> int | None:
    """The number taken, in the one statement that locks the series; None for a series that is not open yet."""
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, key)
        row = cursor.fetchone()
    return int(row[0]) if row else None


def _locked_series(office: Office, billing_point: str, series: str) -> NumberSeries:
    _opened_series(office, billing_point, series)
    return NumberSeries.objects.select_for_update().get(
        office=office, billing_point=billing_point, series=series
    )


def _opened_series(office: Office, billing_point: str, series: str) -> _Key:
    point = BillingPoint.objects.filter(office=office, code=billing_point).first()
    NumberSeries.objects.get_or_create(
        office=office,
        billing_point=billing_point,
        series=series,
        defaults={"next_number": point.first_number if point and series != PROFORMA_SERIES else 1},
    )
    return office.pk, billing_point, series
