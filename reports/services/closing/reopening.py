"""Whether a closed month may be opened again. What stands on its figures forbids it."""

from cifras.fiscal.errors import RuleBroken, gettext_noop
from reports.models import Adjustment, MonthClosing
from reports.services.billing.issuing import standing_statement


def require_reopenable(closing: MonthClosing) -> None:
    """Raises RuleBroken with what stands in the way of reopening a month."""
    if not closing.is_closed:
        raise RuleBroken("month_not_closed", gettext_noop("El mes no está cerrado: no hay qué reabrir."))
    _require_no_booked_adjustments(closing)
    _require_no_statement(closing)


def _require_no_booked_adjustments(closing: MonthClosing) -> None:
    """A closed month later on already carries what changed about this one: freezing anew would count it twice."""
    closed = MonthClosing.objects.filter(
        tenant=closing.tenant_id, environment=closing.environment, state=MonthClosing.State.CLOSED
    )
    booked = Adjustment.objects.filter(closing=closing, booked_month__in=closed.values("month"))
    if month := booked.values_list("booked_month", flat=True).order_by("booked_month").first():
        raise RuleBroken(
            "adjustments_closed",
            gettext_noop(
                "Los ajustes de este mes ya se cerraron en {month}: lo que falte va como ajuste del mes abierto."
            ),
            month=f"{month:%m/%Y}",
        )


def _require_no_statement(closing: MonthClosing) -> None:
    """What was charged stands on these figures."""
    statement = standing_statement(closing.tenant_id, closing.month) if closing.tenant.is_live else None
    if statement is not None:
        raise RuleBroken(
            "statement_issued_of_month",
            gettext_noop("El estado de cuenta {number} se apoya en este cierre: hay que retirarlo antes."),
            number=statement.number,
        )
