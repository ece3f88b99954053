"""Amounts, moments and other people's words, as the staff site shows them."""

import math
from datetime import datetime, timedelta
from decimal import Decimal

from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext

from cifras.core.wording import as_received as as_received
from cifras.fiscal.zones import PANAMA, written

# A document of Panama is in balboas, whatever coins it is paid with; one in dollars is Peru's.
_SYMBOLS = {"PAB": "B/.", "USD": "US$", "PEN": "S/", "EUR": "€"}


def money(amount: Decimal, currency: str = "PAB") -> str:
    """B/. 1,234.50."""
    sign = "-" if amount < 0 else ""
    return f"{sign}{_SYMBOLS.get(currency, currency)} {abs(amount):,.2f}"


def quantity(number: Decimal) -> str:
    """A quantity or unit price without idle zeros, with two decimals at least when it has any: 2, 150.00, 0.125."""
    text = f"{number:,.6f}".rstrip("0")
    whole, _point, decimals = text.partition(".")
    return f"{whole}.{decimals:0<2}" if decimals else whole


def price(number: Decimal) -> str:
    """A unit price: two decimals, or as many more as it has."""
    text = quantity(number)
    return text if "." in text else f"{text}.00"


def percent(rate: Decimal | str) -> str:
    """7 %."""
    return f"{Decimal(rate).normalize():f} %"


def moment(at: datetime | None) -> str:
    """21/11/2026 10:30 in Panama; a dash when there is none."""
    return written(at) if at else "—"


def second(at: datetime) -> str:
    """A moment to the second: 21/11/2026 10:30:07."""
    return timezone.localtime(at, PANAMA).strftime("%d/%m/%Y %H:%M:%S")


def ago(at: datetime, now: datetime | None = None) -> str:
    """How long ago: hace 5 min."""
    span = (now or timezone.now()) - at
    return gettext("hace {span}").format(span=spoken(max(span, timedelta(0))))


def spoken(span: timedelta) -> str:
    """A span in its largest unit that says enough: 6 días, 5 h, 25 min."""
    minutes = span.total_seconds() / 60
    if minutes >= 48 * 60:
        days = int(minutes // (24 * 60))
        return ngettext("{n} día", "{n} días", days).format(n=days)
    if minutes >= 60:
        return gettext("{n} h").format(n=int(minutes // 60))
    return gettext("{n} min").format(n=max(math.ceil(minutes), 1))


def stamp(at: datetime | None, now: datetime | None = None) -> SafeString | str:
    """A moment as <time>, the relative one as its title."""
    if at is None:
        return "—"
    day, _space, clock = moment(at).partition(" ")
    return format_html(
        '<time datetime="{}" title="{}"><span class="cf-nowrap">{}</span> {}</time>',
        at.isoformat(),
        ago(at, now),
        day,
        clock,
    )
