"""Documents that were issued in another system: their CUFE, their XML, their PDF. No provider is needed for them."""

import itertools
from datetime import date
from typing import Any
from xml.sax.saxutils import escape

from cifras.fiscal import cufe
from cifras.fiscal.ruc import panama as ruc
from tenants.models import BillingPoint, Office, Tenant
from tests.factories import contribuyente, next_ruc

DAY = date(2026, 11, 3)
PDF = b"%PDF-1.4\n1 0 obj << >> endobj\ntrailer << >>\n%%EOF\n"
SUPPLIER = "155596713-2-2015"
_serial = itertools.count(1)


def a_company(**changes: Any) -> Tenant:
    """A tenant with its main office and point 001, of which no provider knows."""
    number = changes.pop("ruc", None) or next_ruc()
    values = {
        "ruc": number,
        "ruc_type": "JURIDICO",
        "dv": ruc.check_digit(number, "JURIDICO"),
        "legal_name": f"Ferretería {number}, S.A.",
        "trade_name": f"Ferretería {number}",
        "state": Tenant.State.ACTIVE,
        "pac_company_id": f"company-{number}",
        **changes,
    }
    tenant = Tenant.objects.create(**values)
    office = Office.objects.create(
        tenant=tenant, code="0001", type=Office.Type.MAIN, address="Vía España, edificio 12", location="8-8-7"
    )
    BillingPoint.objects.create(office=office, code="001")
    return tenant


def a_cufe(tenant: Tenant, number: int = 0, **changes: Any) -> str:
    """A CUFE of the tenant's own; of another issuer with `ruc`. It is a test document's, as the tenant is."""
    issuer = changes.pop("ruc", tenant.ruc)
    values = {
        "document_type": "01",
        "contributor": "JURIDICO",
        "ruc": issuer,
        "dv": ruc.check_digit(issuer, "JURIDICO"),
        "branch": "0001",
        "issue_date": DAY,
        "number": f"{number or next(_serial):010d}",
        "billing_point": "001",
        "environment": "2",
        "security_code": "123456789",
        **changes,
    }
    return cufe.build(**values)


def registered_json(tenant: Tenant, code: str = "", **changes: Any) -> dict[str, Any]:
    """An own sale of 321.00 as JSON, by its CUFE and totals."""
    return {
        "tenant": tenant.pac_company_id or str(tenant.uid),
        "mode": "DGI_IMPORT",
        "external_id": f"OLD-{next(_serial)}",
        "cufe": code or a_cufe(tenant),
        "receiver": contribuyente(),
        "totals": {"net": "300.00", "itbms": "21.00", "total": "321.00"},
        **changes,
    }


def an_xml(
    code: str, *, receiver: str = SUPPLIER, name: str = "Comercial Ejemplo Uno, S.A.", **changes: Any
) -> bytes:
    """The rFE of a sale of two hours at 150.00 and a book at 20.00: 341.00, paid in cash; in its PAC's container."""
    figures = {"net": "320.00", "itbms": "21.00", "total": "341.00", "reference": "", **changes}
    reference = (
        f"<gDFRef><dFechaDFRef>2026-11-01T10:00:00-05:00</dFechaDFRef><gDFRefNum><gDFRefFE>"
        f"<dCUFERef>{figures['reference']}</dCUFERef></gDFRefFE></gDFRefNum></gDFRef>"
        if figures["reference"]
        else ""
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?><rContFe xmlns="http://dgi-fep.mef.gob.pa"><xFe><rFE>'
        f"<dVerForm>1.00</dVerForm><dId>{code}</dId><gDGen><iDoc>{code[2:4]}</iDoc>"
        "<dFechaEm>2026-11-03T09:15:00-05:00</dFechaEm>"
        "<gEmis><gRucEmi><dTipoRuc>2</dTipoRuc><dRuc>1-1-1</dRuc><dDV>1</dDV></gRucEmi>"
        "<dNombEm>Mayorista de Colón, S.A.</dNombEm></gEmis>"
        f"<gDatRec><iTipoRec>01</iTipoRec><gRucRec><dTipoRuc>2</dTipoRuc><dRuc>{receiver}</dRuc><dDV>59</dDV></gRucRec>"
        f"<dNombRec>{escape(name)}</dNombRec><dDirecRec>Calle Ficticia 10</dDirecRec>"
        "<gUbiRec><dCodUbi>8-8-7</dCodUbi></gUbiRec><cPaisRec>PA</cPaisRec></gDatRec>"
        f"{reference}</gDGen>"
        "<gItem><dSecItem>1</dSecItem><dDescProd>Consultoría</dDescProd><dCantCodInt>2.00</dCantCodInt>"
        "<gPrecios><dPrUnit>150.00</dPrUnit><dPrItem>300.00</dPrItem><dValTotItem>321.00</dValTotItem></gPrecios>"
        "<gITBMSItem><dTasaITBMS>01</dTasaITBMS><dValITBMS>21.00</dValITBMS></gITBMSItem></gItem>"
        "<gItem><dSecItem>2</dSecItem><dDescProd>Libro</dDescProd><dCantCodInt>1</dCantCodInt>"
        "<gPrecios><dPrUnit>20.00</dPrUnit><dPrItem>20.00</dPrItem><dValTotItem>20.00</dValTotItem></gPrecios>"
        "<gITBMSItem><dTasaITBMS>00</dTasaITBMS><dValITBMS>0.00</dValITBMS></gITBMSItem></gItem>"
        f"<gTot><dTotNeto>{figures['net']}</dTotNeto><dTotITBMS>{figures['itbms']}</dTotITBMS>"
        f"<dTotGravado>{figures['itbms']}</dTotGravado><dVTot>{figures['total']}</dVTot>"
        f"<dTotRec>{figures['total']}</dTotRec><iPzPag>1</iPzPag><dNroItems>2</dNroItems>"
        f"<dVTotItems>{figures['total']}</dVTotItems>"
        f"<gFormaPago><iFormaPago>02</iFormaPago><dVlrCuota>{figures['total']}</dVlrCuota></gFormaPago></gTot>"
        "</rFE></xFe></rContFe>"
    ).encode()
