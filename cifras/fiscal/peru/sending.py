"""Until when a document may be handed in: after that it is discarded and issued anew (domain 5, Peru contract 3.9)."""

from collections.abc import Mapping
from datetime import datetime

from cifras.fiscal.document import Comprobante
from cifras.fiscal.voiding import CalendarDays, deadline
from cifras.fiscal.zones import LIMA

# Calendar days after the date of issue in Lima, notes as the document they refer to. The law's text was not found: a setting.
SEND_DAYS: Mapping[Comprobante, int] = {Comprobante.FACTURA: 3, Comprobante.BOLETA: 5}


def send_by(
    issued_at: datetime, comprobante: Comprobante, *, days: Mapping[Comprobante, int] = SEND_DAYS
) -> datetime:
    """The last instant, in Lima, at which a document may be sent. Raises RuleBroken for a moment without zone."""
    return deadline(issued_at, CalendarDays(days[comprobante], LIMA))
