"""Comunicación de baja: how a factura or one of its notes is voided (Peru contract 3.9).

The day on which the seven calendar days begin is disputed; the issue date is the earliest of the readings. The provider's
refusal wins, and afterwards a credit note (reason 01) is the way. Boletas and their notes go by a daily summary instead.
"""

from cifras.fiscal import voiding
from cifras.fiscal.document import Comprobante
from cifras.fiscal.errors import RuleBroken, gettext_noop
from cifras.fiscal.zones import LIMA

WINDOW = voiding.CalendarDays(7, LIMA)
REASON = (3, 100)
BAJA_OF_BOLETA = "baja_of_boleta"  # the refusal of require_by_baja


def require_by_baja(comprobante: Comprobante) -> None:
    """Raises RuleBroken for a boleta and its notes, which no comunicación de baja takes."""
    if comprobante is not Comprobante.FACTURA:
        raise RuleBroken(
            BAJA_OF_BOLETA,
            gettext_noop(
                "Una boleta y sus notas no se anulan por comunicación de baja, sino por resumen diario. "
                "Emita una nota de crédito."
            ),
        )
