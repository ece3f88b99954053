"""What the pretend PAC and DGI say of a document, by words in its receiver's name or in a line's description."""

from collections.abc import Iterable
from dataclasses import dataclass

from cifras.sandbox.records import DGI_AUTHORIZED, DGI_REJECTED, PAC_REJECTED


@dataclass(frozen=True, slots=True)
class Verdict:
    """`word` empty: nobody ever speaks. `is_immediate`: said in the answer to the post, with `status` when not 2xx."""

    word: str
    code: str
    message: str
    is_immediate: bool = False
    status: int = 400


AUTHORISED = Verdict(DGI_AUTHORIZED, "0260", "Autorizado el uso de la FE")

# The longest word that occurs wins, so a word may begin with another.
VERDICTS = {
    "RECHAZO-PAC": Verdict(
        PAC_REJECTED, "", "Documento rechazado por regla de la práctica", is_immediate=True
    ),
    "RECHAZO-PAC-200": Verdict(
        PAC_REJECTED, "", "Documento rechazado por regla de la práctica", is_immediate=True, status=200
    ),
    "RECHAZO-PAC-TARDE": Verdict(PAC_REJECTED, "", "Documento rechazado después de aceptado"),
    "RECHAZO-DGI": Verdict(DGI_REJECTED, "1602", "El RUC del receptor no existe en el registro de la DGI"),
    "RECHAZO-QR": Verdict(DGI_REJECTED, "4003", "El código QR del emisor no es válido"),
    "SIN-RESPUESTA": Verdict("", "", ""),
}


def verdict_on(texts: Iterable[str]) -> Verdict:
    """The verdict on a document that says `texts`; authorised when no word occurs."""
    text = " ".join(texts).upper()
    found = [word for word in VERDICTS if word in text]
    return VERDICTS[max(found, key=len)] if found else AUTHORISED
