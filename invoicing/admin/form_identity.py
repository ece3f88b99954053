"""The identity of a form that writes a document: drawn when it is opened, and carried by it, sealed.

However often the form is sent, it speaks of one document; and only the person who opened it can send it back.
"""

import uuid

from django.core import signing
from django.http import HttpRequest
from django.utils.translation import gettext as _

from cifras.fiscal.lifecycle import Submission
from invoicing.admin.deeds import actor_of
from invoicing.models import Document
from invoicing.services.composing import Form

TOKEN = "form_token"  # noqa: S105 a name, not a secret
_SALT = "invoicing.invoice-form"


def new_form() -> Form:
    """A form whose document does not exist yet."""
    return Form(uuid.uuid4())


def sealed(form: Form, request: HttpRequest) -> str:
    """The form's identity as the page carries it."""
    said = {"uid": str(form.uid), "seen": form.seen, "staff": str(actor_of(request).uid)}
    return signing.dumps(said, salt=_SALT)


def form_sent(request: HttpRequest) -> Form | None:
    """The form that was sent; None when its identity is missing, forged or somebody else's."""
    try:
        said = signing.loads(request.POST.get(TOKEN, ""), salt=_SALT)
    except signing.BadSignature:
        return None
    if said["staff"] != str(actor_of(request).uid):
        return None
    return Form(uuid.UUID(said["uid"]), said["seen"])


def queued_or_not(document: Document) -> str:
    """What became of a form that was sent to issue: sent once more it leaves what was returned meanwhile as it is."""
    if document.submission == Submission.RETURNED:
        return still_returned(document)
    text = _("En cola con el número {number}; se envía al PAC en seguida.")
    return text.format(number=document.printed_number)


def still_returned(document: Document) -> str:
    """A document that the authority returned was rewritten, or found as it was, and has not been sent again."""
    text = _("Cambios guardados. No se ha enviado nada: sigue con su número {number}.")
    return text.format(number=document.printed_number)
