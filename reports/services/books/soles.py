"""Peru's register in soles: what was issued in another currency, at the rate of sale published for its day.

Reglamento de la Ley del IGV, art. 5 num. 17: the SBS's rate of sale, published on the day the tax arises. A day without a rate
converts nothing: its cells stay empty, and the row says which day is missing.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.db.models import Case, F, OuterRef, Subquery, When
from django.db.models.functions import Coalesce, TruncDate
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cifras.fiscal.catalogues.sunat import SOLES
from cifras.fiscal.document import ZERO, Kind
from cifras.fiscal.money import round_half_up
from cifras.fiscal.zones import LIMA
from invoicing.models import Document
from reports.models import ExchangeRate
from reports.models.exchange_rates import PLACES
from reports.services.books.shapes import Mark, Unrated, amount

_LABELS: Mapping[str, Any] = {
    "export": gettext_lazy("Exportación (S/)"),
    "taxed": gettext_lazy("Base gravada (S/)"),
    "igv": gettext_lazy("IGV (S/)"),
    "exonerated": gettext_lazy("Exonerado (S/)"),
    "unaffected": gettext_lazy("Inafecto (S/)"),
    "isc": gettext_lazy("ISC (S/)"),
    "icbper": gettext_lazy("ICBPER (S/)"),
    "other": gettext_lazy("Otros cargos y descuentos (S/)"),
}
_TOTAL = "total"
COLUMNS = (
    *(amount(label, f"{SOLES}:{key}", SOLES) for key, label in _LABELS.items()),
    amount(gettext_lazy("Importe total (S/)"), f"{SOLES}:{_TOTAL}", SOLES),
)


def day_of_rate() -> Case:
    """The day whose rate converts a document: its own; of a credit note that of the document that it modifies.

    A note undoes what was declared at the first document's rate, so SUNAT has it converted at the same one.
    """
    modified = Coalesce(F("credited__issue_date"), F("reference_date"))
    return Case(
        When(kind=Kind.CREDIT, then=TruncDate(modified, tzinfo=LIMA)),
        default=TruncDate("issue_date", tzinfo=LIMA),
    )


ANNOTATIONS: Mapping[str, Any] = {
    "rate_day": day_of_rate(),
    "sale_rate": Subquery(
        ExchangeRate.objects.filter(currency=OuterRef("currency"), date=OuterRef("rate_day")).values("sale")[
            :1
        ]
    ),
}


def in_soles(document: Document, sums: Mapping[str, Decimal]) -> dict[str, Decimal | None]:
    """The sums of a document, by the keys of `COLUMNS`; None where its day has no rate. Read with `ANNOTATIONS`.

    Each is rounded by itself, and the total is what they add up to, so that a row of the register always does.
    """
    rate = Decimal(1) if document.currency == SOLES else rate_of(document)
    if rate is None:
        return {column.key: None if any(sums.values()) else ZERO for column in COLUMNS}
    parts = {f"{SOLES}:{key}": round_half_up(sums[key] * rate) + ZERO for key in _LABELS}
    return {**parts, f"{SOLES}:{_TOTAL}": sum(parts.values(), ZERO)}


def rate_of(document: Document) -> Decimal | None:
    """Soles for one unit of the document's currency; None where nobody has recorded it."""
    found: Decimal | None = getattr(document, "sale_rate", None)
    return None if found is None else round_half_up(found, PLACES)  # SQLite counts in binary fractions


def unrated(document: Document) -> Unrated:
    """What is missing for a document."""
    return Unrated(document.currency, getattr(document, "rate_day", None))


def said(missing: Unrated) -> str:
    """What is missing, in words."""
    if missing.day is None:
        return _("{currency}: una nota no dice de qué fecha es lo que modifica").format(
            currency=missing.currency
        )
    return f"{missing.currency} {missing.day:%d/%m/%Y}"


def mark_of(missing: Unrated) -> Mark:
    """Why a row has no amounts in soles."""
    return Mark(_("Sin tipo de cambio: {what}").format(what=said(missing)), "currency_exchange", "amber")
