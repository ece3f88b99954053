"""Attaching a document's PDF by hand: when no webhook came, for imported documents, or when the provider made a new one."""

import uuid

from cifras.core.models import Staff
from cifras.fiscal.document import Kind
from cifras.fiscal.errors import RuleBroken, gettext_noop
from invoicing.services import tracking
from invoicing.services.finding import get_document

# The papers' words for what a file belongs to.
_KINDS = {"INVOICE": Kind.INVOICE, "CREDIT_NOTE": Kind.CREDIT}


def attach_pac_pdf(source_id: uuid.UUID | str, source_type: str, *, actor: Staff | None = None) -> bool:
    """Ask the provider about a document now, apply what it says, fetch its files; True when a PDF is stored.

    `source_type` is INVOICE or CREDIT_NOTE. Raises RuleBroken for a document that never reached the provider and PacError when
    the provider cannot be asked; a file that cannot be had is not an error but False.
    """
    if source_type not in _KINDS:
        raise RuleBroken(
            "unknown_source_type",
            gettext_noop("«{source_type}» no es una clase de documento: use INVOICE o CREDIT_NOTE."),
            "source_type",
            source_type=source_type,
        )
    document = get_document(source_id, actor=actor, kind=_KINDS[source_type])
    if not document.document_id:
        raise RuleBroken(
            "never_reached_pac",
            gettext_noop(
                "El documento nunca llegó al PAC, así que no hay PDF que pedir. Emítalo y espere su respuesta."
            ),
            "document",
        )
    if not document.pac_company_id:
        raise RuleBroken(
            "tenant_not_registered",
            gettext_noop(
                "El documento no dice de qué empresa del PAC es: complete la habilitación de la empresa."
            ),
            "tenant",
        )
    return tracking.refresh(document, source="manual", actor=actor).has_pdf
