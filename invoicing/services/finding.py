"""Finding a document or a tenant by whatever name a person or a script has for it, within what the actor may see."""

import uuid

from cifras.core.models import Staff
from cifras.fiscal.errors import RuleBroken, gettext_noop
from invoicing.models import Document
from invoicing.models.document import DocumentQuerySet
from tenants.models import Tenant

_CUFE_LENGTH = 66


def documents_for(actor: Staff | None) -> DocumentQuerySet:
    """The documents `actor` may see; all of them for the system."""
    return Document.objects.visible_to(actor) if actor else Document.objects.all()


def get_document(document_id: uuid.UUID | str, *, actor: Staff | None, kind: str = "") -> Document:
    """The document with our id; RuleBroken when it does not exist or belongs to a tenant out of sight."""
    documents = documents_for(actor).select_related("tenant", "office")
    if kind:
        documents = documents.filter(kind=kind)
    document = documents.filter(uid=uid).first() if (uid := as_uuid(document_id)) else None
    if document is None:
        raise _unknown_document()
    return document


def find_document(
    name: str, *, actor: Staff | None, tenant: Tenant | None = None, kind: str = ""
) -> Document:
    """The document named by our id, its CUFE or its external id; an ambiguous external id is refused."""
    documents = documents_for(actor).select_related("tenant", "office")
    if tenant:
        documents = documents.filter(tenant=tenant)
    if kind:
        documents = documents.filter(kind=kind)
    uid = as_uuid(name)
    found = list(documents.filter(uid=uid)) if uid else []
    if not found and len(name) == _CUFE_LENGTH:
        found = list(documents.filter(cufe=name.upper()))
    if not found and name:
        found = list(documents.filter(external_id=name, is_superseded=False)[:2])
    if not found:
        raise _unknown_document()
    if len(found) > 1:
        raise RuleBroken(
            "ambiguous_document",
            gettext_noop("Varios documentos llevan la referencia «{name}»: indique la empresa y la clase."),
            "document",
            name=name,
        )
    return found[0]


def find_tenant(name: str, *, actor: Staff | None, field: str = "tenant") -> Tenant:
    """The tenant named by its `pac_company_id` or our id; RuleBroken when unknown or out of sight."""
    tenants = Tenant.objects.visible_to(actor) if actor else Tenant.objects.all()
    found = list(tenants.filter(pac_company_id=name)[:2]) if name else []
    if not found and (uid := as_uuid(name)):
        found = list(tenants.filter(uid=uid))
    if len(found) > 1:
        raise RuleBroken(
            "ambiguous_tenant",
            gettext_noop("Varias empresas llevan el identificador «{name}»: use el identificador de Cifras."),
            field,
            name=name,
        )
    if not found:
        raise RuleBroken(
            "unknown_tenant",
            gettext_noop("No hay ninguna empresa «{name}» a su alcance: revise el pac_company_id."),
            field,
            name=name,
        )
    return found[0]


def as_uuid(text: uuid.UUID | str) -> uuid.UUID | None:
    """The UUID that `text` writes, if it writes one."""
    try:
        return uuid.UUID(str(text))
    except ValueError:
        return None


def _unknown_document() -> RuleBroken:
    return RuleBroken(
        "unknown_document",
        gettext_noop(
            "No hay ningún documento con ese nombre a su alcance: use el identificador, el CUFE o la referencia."
        ),
        "document",
    )
