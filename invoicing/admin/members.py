"""How the members of a document are called on screen, by the path that refusals and providers name."""

import re
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

_ROWS: Mapping[str, Any] = {
    "lines": _("Línea {number}"),
    "payments": _("Pago {number}"),
    "instalments": _("Cuota {number}"),
    "global_discounts": _("Descuento {number}"),
}
_ROW = re.compile(
    r"(?P<rows>lines|payments|instalments|global_discounts)\[(?P<index>\d{1,4})\]\.?(?P<member>.*)"
)
_MEMBERS: Mapping[str, Any] = {
    "affectation": _("afectación del IGV"),
    "amount": _("monto"),
    "code": _("código"),
    "icbper_bags": _("bolsas con ICBPER"),
    "cpbs_code": _("código CPBS"),
    "cpbs_unit": _("unidad CPBS"),
    "description": _("descripción"),
    "due_date": _("vencimiento"),
    "method": _("forma de pago"),
    "quantity": _("cantidad"),
    "sequence": _("número de cuota"),
    "tax_rate": _("ITBMS"),
    "unit": _("unidad"),
    "unit_discount": _("descuento unitario"),
    "unit_price": _("precio unitario"),
}
_NAMES: Mapping[str, Any] = {
    "billing_point": _("Punto de facturación"),
    "change": _("Vuelto"),
    "due_date": _("Vencimiento"),
    "exportation": _("Exportación"),
    "freight": _("Flete"),
    "global_discounts": _("Descuentos globales"),
    "instalments": _("Cuotas"),
    "insurance": _("Seguro"),
    "issue_date": _("Fecha de emisión"),
    "currency": _("Moneda"),
    "detraction": _("Detracción"),
    "document_kind": _("Comprobante"),
    "exchange_rate": _("Tipo de cambio"),
    "operation_type": _("Tipo de operación"),
    "reason": _("Sustento de la nota"),
    "reason_code": _("Motivo de la nota"),
    "receiver.identity_number": _("Número del documento del cliente"),
    "receiver.identity_type": _("Documento de identidad del cliente"),
    "series": _("Serie"),
    "kind": _("Clase de documento"),
    "lines": _("Líneas"),
    "mode": _("Modo"),
    "office": _("Sucursal"),
    "payment_time": _("Momento de pago"),
    "payments": _("Pagos"),
    "receiver": _("Receptor"),
    "receiver.address": _("Dirección del receptor"),
    "receiver.code": _("Código del receptor"),
    "receiver.contributor": _("Tipo de contribuyente del receptor"),
    "receiver.country": _("País del receptor"),
    "receiver.dv": _("DV del receptor"),
    "receiver.emails": _("Correos del receptor"),
    "receiver.foreign_id": _("Identificación extranjera del receptor"),
    "receiver.location": _("Ubicación del receptor"),
    "receiver.name": _("Nombre del receptor"),
    "receiver.ruc": _("RUC del receptor"),
    "receiver.telephones": _("Teléfonos del receptor"),
    "receiver.type": _("Tipo de receptor"),
    "references": _("Factura de referencia"),
    "retention_amount": _("Retención"),
    "retention_code": _("Código de retención"),
    "tenant": _("Empresa"),
    # Of imported rows:
    "amount": _("Monto"),
    "certificate_number": _("Certificado de retención"),
    "cufe": _("CUFE"),
    "date": _("Fecha"),
    "document": _("Documento"),
    "external_id": _("Referencia externa"),
    "external_reference": _("Referencia del movimiento"),
    "files": _("Archivos"),
    "issuer.name": _("Nombre del emisor"),
    "method": _("Forma de pago"),
    "references.cufe": _("CUFE de la factura"),
    "references.external_id": _("Factura de referencia"),
    "totals": _("Totales"),
    "totals.by_rate": _("Bases por tasa"),
    "totals.itbms": _("ITBMS"),
    "totals.net": _("Subtotal"),
    "totals.total": _("Total"),
}


def member_name(path: str) -> str:
    """The name of a member: "Línea 2: ITBMS"; the path itself where it has no name; empty for the whole document."""
    row = _ROW.fullmatch(path)
    if row is None:
        return str(_NAMES.get(path, path))
    name = str(_ROWS[row["rows"]]).format(number=int(row["index"]) + 1)
    member = row["member"]
    return f"{name}: {_MEMBERS.get(member, member)}" if member else name
