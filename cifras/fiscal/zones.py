"""The zones of fiscal time: America/Panama and America/Lima, both five hours behind UTC all year.

A moment is always aware. A fiscal date is the local date of a moment, never its UTC date: after 19:00 the two differ.
"""

from datetime import date, datetime, tzinfo
from zoneinfo import ZoneInfo

from cifras.fiscal.errors import RuleBroken, gettext_noop

PANAMA = ZoneInfo("America/Panama")
LIMA = ZoneInfo("America/Lima")


def require_aware(moment: datetime, field: str = "") -> datetime:
    """`moment` itself; raises RuleBroken when it does not say its zone."""
    if moment.utcoffset() is None:
        raise RuleBroken(
            "time_without_zone",
            gettext_noop(
                "La hora {moment} no dice su zona. Escríbala con su diferencia horaria, por ejemplo -05:00."
            ),
            field,
            moment=moment.isoformat(),
        )
    return moment


def local_date(moment: datetime, zone: tzinfo = PANAMA) -> date:
    """The fiscal date of an aware moment."""
    return require_aware(moment).astimezone(zone).date()


def written(moment: datetime, zone: tzinfo = PANAMA) -> str:
    """A moment as staff read it: local, day first, to the minute."""
    return moment.astimezone(zone).strftime("%d/%m/%Y %H:%M")
