"""Comunicación de baja: how a factura or one of its notes is voided (Peru contract 3.9).

The day on which the seven calendar days begin is disputed; the issue date is the earliest of the readings. The provider's
refusal wins, and afterwards a credit note (reason 01) is the way. Boletas and their notes go by a daily summary instead.
"""

from datetime import datetime

from cifras.fiscal import voiding
from cifras.fiscal.document import Comprobante
from cifras.fiscal.errors import RuleBroken, gettext_noop
from cifras.fiscal.zones import LIMA, local_date

WINDOW = voiding.CalendarDays(7, LIMA)
REASON = (3, 100)
WARN_FROM_DAY = 5


def require_by_baja(comprobante: Comprobante) -> None:
    """Raises RuleBroken for a boleta and its notes, which no comunicación de baja takes."""
    if comprobante is not Comprobante.FACTURA:
        raise RuleBroken(
            "baja_of_boleta",
            gettext_noop(
                "Una boleta y sus notas no se anulan por comunicación de baja, sino por resumen diario. "
                "Emita una nota de crédito."
            ),
        )


def require_reason(text: str) -> str:
    """The reason without blanks around it; raises RuleBroken when it then is too short or too long."""
    return voiding.require_reason(text, *REASON)


def deadline(issued_at: datetime) -> datetime:
    """The last instant, in Lima, at which a first baja is allowed."""
    return voiding.deadline(issued_at, WINDOW)


def is_closing(issued_at: datetime, at: datetime) -> bool:
    """Whether the window is still open and its last days have begun: SUNAT may count from another day than we do."""
    age = (local_date(at, LIMA) - local_date(issued_at, LIMA)).days
    return WARN_FROM_DAY <= age <= WINDOW.days
