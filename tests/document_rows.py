"""Documents as rows only, for what needs a document and no provider."""

from typing import Any

from invoicing.models import Document
from tenants.models import Office, Tenant

CUFE = "FE0120000155596713-2-2015-5900012026112100000000010010112123456780"


def a_document(*, ruc: str = "155596713-2-2015", **changes: Any) -> Document:
    """An authorised invoice, as rows only."""
    tenant, _ = Tenant.objects.get_or_create(
        ruc=ruc, defaults={"legal_name": f"Comercial {ruc}", "pac_company_id": f"company-{ruc}"}
    )
    office, _ = Office.objects.get_or_create(tenant=tenant, code="0001")
    number = f"{Document.objects.count() + 1:010}"
    values = {
        "kind": "INVOICE",
        "number": number,
        "security_code": "123456789",
        "payload": b"{}",
        "provider": "alanube",
        "environment": "sandbox",
        "submission": "ACCEPTED",
        "legal_status": "DGI_AUTHORIZED",
        "pac_company_id": tenant.pac_company_id,
        "document_id": f"pac-{ruc}-{number}",
        "cufe": CUFE,
        **changes,
    }
    return Document.objects.create(tenant=tenant, office=office, **values)
