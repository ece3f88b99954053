"""The rates of sale that Peru's register converts at: entered by people, one for a day and a currency, never guessed.

A rate that was typed wrong is corrected, and both figures stay in the audit trail; what is known is never overwritten by a file.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import BinaryIO

from django.db import IntegrityError, transaction
from django.utils import timezone

from cifras.core import audit
from cifras.core.models import Staff
from cifras.core.wording import as_received
from cifras.fiscal import money
from cifras.fiscal.errors import RuleBroken, gettext_noop, refuse
from cifras.fiscal.zones import LIMA, local_date
from invoicing.services.importing.files import SourceRow, in_row, read_rows
from reports.models import ExchangeRate
from reports.models.exchange_rates import PLACES

MANAGE = "reports.manage_exchange_rates"
_EARLIEST, _TOO_LARGE = date(2000, 1, 1), Decimal(1_000_000)
_MOST_REASONS = 20
_COLUMNS = {
    "fecha": "day",
    "date": "day",
    "moneda": "currency",
    "currency": "currency",
    "venta": "sale",
    "sale": "sale",
    "fuente": "source",
    "source": "source",
}
_DAY_FORMS = ("%Y-%m-%d", "%d/%m/%Y")


@dataclass(frozen=True, slots=True)
class Published:
    """One rate as it was published."""

    day: date
    currency: str
    sale: Decimal
    source: str = "SUNAT"


def record_rate(published: Published, *, actor: Staff | None) -> ExchangeRate:
    """Keep a rate. Raises RuleBroken (rate_known) where the day has one, and for what cannot be one."""
    refuse(_complaints(published))
    with transaction.atomic():
        try:
            with transaction.atomic():
                row = ExchangeRate.objects.create(
                    date=published.day,
                    currency=published.currency,
                    sale=published.sale,
                    source=published.source,
                    recorded_by=actor.username if actor else "",
                )
        except IntegrityError:
            raise _known(published) from None
        audit.record("exchange_rate.recorded", actor=actor, target=row, after=_facts(row))
    return row


def correct_rate(row: ExchangeRate, *, sale: Decimal, source: str, actor: Staff | None) -> ExchangeRate:
    """Another figure for the same day: the registers say it from now on. Raises RuleBroken."""
    refuse(_complaints(Published(row.date, row.currency, sale, source)))
    with transaction.atomic():
        kept = ExchangeRate.objects.select_for_update().get(pk=row.pk)
        before = _facts(kept)
        kept.sale, kept.source = sale, source
        kept.recorded_at, kept.recorded_by = timezone.now(), actor.username if actor else ""
        if _facts(kept) != before:
            kept.save()
            audit.record(
                "exchange_rate.corrected", actor=actor, target=kept, before=before, after=_facts(kept)
            )
    return kept


def import_rates(file: BinaryIO, *, actor: Staff | None) -> int:
    """Keep the rates of a CSV or XLSX file, all or none; how many are new.

    Raises RuleBroken: what cannot be read, row by row, and a day that is known with another figure.
    """
    reasons: list[RuleBroken] = []
    done = 0
    with transaction.atomic():
        for row in read_rows(file):
            try:
                done += _keep(_read(row), actor)
            except RuleBroken as refusal:
                reasons.extend(in_row(row.number, refusal))
                if len(reasons) >= _MOST_REASONS:
                    break
        refuse(reasons)
    return done


def _keep(published: Published, actor: Staff | None) -> int:
    refuse(_complaints(published))
    known = ExchangeRate.objects.filter(date=published.day, currency=published.currency).first()
    if known is None:
        record_rate(published, actor=actor)
        return 1
    if known.sale != published.sale:
        raise _known(published)
    return 0


def _read(row: SourceRow) -> Published:
    if isinstance(row.data, RuleBroken):
        raise row.data
    named = {
        name.strip().lower(): str(value).strip() for name, value in row.data.items() if value is not None
    }
    cells = {_COLUMNS[name]: value for name, value in named.items() if name in _COLUMNS}
    return Published(
        day=_day(cells.get("day", "")),
        currency=as_received(cells.get("currency", "USD"), 3).upper(),
        sale=money.amount(cells.get("sale", ""), "sale"),
        source=as_received(cells.get("source", ""))[:60] or "SUNAT",
    )


def _day(text: str) -> date:
    for form in _DAY_FORMS:
        try:
            return datetime.strptime(text[:10], form).replace(tzinfo=UTC).date()
        except ValueError:
            continue
    raise RuleBroken(
        "not_a_day",
        gettext_noop("«{text}» no es una fecha: escriba AAAA-MM-DD o DD/MM/AAAA."),
        "date",
        text=as_received(text, 20),
    )


def _complaints(published: Published) -> Iterator[RuleBroken]:
    if published.currency not in ExchangeRate.Currency.values:
        yield RuleBroken(
            "currency_unknown",
            gettext_noop("«{currency}» no es una moneda con tipo de cambio aquí: use USD o EUR."),
            "currency",
            currency=published.currency,
        )
    if not _EARLIEST <= published.day <= local_date(timezone.now(), LIMA):
        yield RuleBroken(
            "day_out_of_range",
            gettext_noop("De ese día no hay tipo de cambio publicado: revise la fecha."),
            "date",
        )
    if not 0 < published.sale < _TOO_LARGE or published.sale != money.round_half_up(published.sale, PLACES):
        yield RuleBroken(
            "not_a_rate",
            gettext_noop("El tipo de cambio es mayor que cero y se publica con tres decimales, como 3.751."),
            "sale",
        )


def _known(published: Published) -> RuleBroken:
    return RuleBroken(
        "rate_known",
        gettext_noop(
            "Ya hay un tipo de cambio de {currency} del {day}: si está mal, corríjalo en su página."
        ),
        "date",
        currency=published.currency,
        day=f"{published.day:%d/%m/%Y}",
    )


def _facts(row: ExchangeRate) -> dict[str, str]:
    return {
        "date": f"{row.date:%Y-%m-%d}",
        "currency": row.currency,
        "sale": f"{row.sale:.3f}",
        "source": row.source,
    }
