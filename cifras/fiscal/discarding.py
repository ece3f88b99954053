"""Discarding a document: a word of ours alone, never to be mixed with voiding (the authority knows) or crediting.

Source: domain 2 and 9. Only what certainly never reached the provider, or what the provider refused, is discarded.
"""

from cifras.fiscal.document import Mode
from cifras.fiscal.errors import RuleBroken, gettext_noop
from cifras.fiscal.lifecycle import REJECTED_LEGAL, LegalStatus, Submission


def may_be_discarded(
    submission: Submission, legal: LegalStatus, mode: Mode, *, may_have_reached_provider: bool
) -> bool:
    """Whether a document is certainly only ours, so that discarding it hides nothing from the authority.

    `may_have_reached_provider`: some attempt ended otherwise than NOT_DONE. A queued document is withdrawn on the way.
    """
    if mode is Mode.DGI_IMPORT:
        return False
    if submission is Submission.REFUSED:
        return legal is LegalStatus.PAC_REJECTED
    if submission is Submission.RETURNED:
        return legal is LegalStatus.NONE
    is_waiting = submission in {Submission.DRAFT, Submission.QUEUED}
    return is_waiting and legal is LegalStatus.NONE and not may_have_reached_provider


def require_discard(
    submission: Submission, legal: LegalStatus, mode: Mode, *, may_have_reached_provider: bool
) -> None:
    """Raises RuleBroken saying why a document can't be discarded and what can be done instead."""
    if may_be_discarded(submission, legal, mode, may_have_reached_provider=may_have_reached_provider):
        return
    if submission is Submission.DISCARDED:
        raise RuleBroken("already_discarded", gettext_noop("El documento ya estaba descartado."))
    if mode is Mode.DGI_IMPORT:
        raise RuleBroken(
            "discard_imported",
            gettext_noop("Es un documento importado: no se descarta, se borra el registro."),
        )
    if legal is LegalStatus.DGI_AUTHORIZED:
        raise RuleBroken(
            "discard_authorized",
            gettext_noop("La DGI ya lo autorizó: anúlelo, o emita una nota de crédito si el plazo venció."),
        )
    if legal in REJECTED_LEGAL:
        raise RuleBroken(
            "discard_rejected",
            gettext_noop(
                "Fue rechazado después de aceptarse: queda sin efecto y a la vista. Corrija y reemita."
            ),
        )
    raise RuleBroken(
        "discard_may_become_legal",
        gettext_noop(
            "Todavía puede quedar autorizado: espere la respuesta del proveedor antes de descartarlo."
        ),
    )
