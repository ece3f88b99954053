"""The buttons of what persons settle: shown where something is in doubt, with the reason where the right is missing."""

from typing import Any

from django.utils.translation import gettext as _

from cifras.core.rights import may
from cifras.fiscal.lifecycle import LegalStatus, Submission, VoidStatus
from invoicing.admin.deeds import LINKS, Deed
from invoicing.models import Document
from invoicing.models.choices import Flag, Mode
from invoicing.services.verdicts import DECIDE

_REGISTRABLE = {VoidStatus.NONE, VoidStatus.REFUSED}


def verdict_deeds(document: Document, staff: Any) -> list[Deed]:
    """One button per doubt; that of a void done on a portal only for those who may use it."""
    found = []
    if document.submission == Submission.UNKNOWN and document.flag == Flag.CONFLICT:
        found.append(Deed("conflict", _("Comparar y decidir"), "compare", "primary", LINKS))
    elif document.submission == Submission.UNKNOWN:
        found.append(Deed("verdict", _("Decidir qué pasó"), "front_hand", how=LINKS))
    if document.legal_conflict:
        found.append(Deed("legal_conflict", _("Resolver la noticia contraria"), "gavel", "primary", LINKS))
    if document.void_status == VoidStatus.UNKNOWN:
        found.append(Deed("void_verdict", _("Decidir la anulación"), "front_hand", how=LINKS))
    why_not = "" if may(staff, DECIDE) else _("Su rol no permite este acto.")
    found = [Deed(each.name, each.label, each.icon, each.variant, LINKS, why_not) for each in found]
    if may(staff, DECIDE) and _may_be_registered(document):
        found.append(
            Deed("void_verdict", _("Registrar anulación de un portal"), "assignment_turned_in", how=LINKS)
        )
    return found


def _may_be_registered(document: Document) -> bool:
    return (
        document.mode == Mode.DGI
        and document.legal_status == LegalStatus.DGI_AUTHORIZED
        and document.void_status in _REGISTRABLE
    )
