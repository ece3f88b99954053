"""The columns of a flat file, by every name that people give them, and where each belongs in the JSON form.

One table, from which the reader, the templates and the help page are made. Names are compared without accents, case and
punctuation: «Referencia externa», ``referencia_externa`` and ``external_id`` are one column.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cifras.fiscal.errors import gettext_noop

HEAD, LINE, PAYMENT, INSTALMENT = "head", "line", "payment", "instalment"


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """One column: its name in our templates, the member it fills, in which part, and how its text is read.

    `reads`: ``text``, ``zeros:N`` (digits that spreadsheets strip of their zeros), ``day``, ``moment``, ``yes`` or ``list``.
    `words`: what people write for the member's own words.
    """

    name: str
    member: str
    help: str
    part: str = HEAD
    names: tuple[str, ...] = ()
    reads: str = "text"
    words: Mapping[str, str] | None = None
    example: str = ""


_KINDS = {"factura": "INVOICE", "nota de credito": "CREDIT", "nota de debito": "DEBIT", "evento": "EVENT"}
_MODES = {"proforma": "PROFORM", "borrador": "DGI", "importado": "DGI_IMPORT", "importada": "DGI_IMPORT"}
_RECEIVERS = {
    "contribuyente": "CONTRIBUYENTE",
    "consumidor final": "CONSUMIDOR_FINAL",
    "gobierno": "GOBIERNO",
    "extranjero": "EXTRANJERO",
}
_CONTRIBUTORS = {
    "natural": "NATURAL",
    "juridico": "JURIDICO",
    "juridica": "JURIDICO",
    "persona natural": "NATURAL",
    "persona juridica": "JURIDICO",
}
_PAYMENT_TIMES = {
    "contado": "CASH",
    "al contado": "CASH",
    "credito": "CREDIT",
    "a credito": "CREDIT",
    "mixto": "MIXED",
}
_MOVEMENTS = {
    "cobro": "RECEIPT",
    "retencion": "WITHHOLDING",
    "anticipo": "ADVANCE",
    "devolucion": "REFUND",
}

DOCUMENT_COLUMNS = (
    Column("empresa", "tenant", gettext_noop("pac_company_id o identificador"), names=("tenant",)),
    Column(
        "referencia",
        "external_id",
        gettext_noop("única por empresa y clase; las filas seguidas con la misma son un documento"),
        names=("referencia_externa", "external_id"),
        example="SO-1001",
    ),
    Column(
        "clase",
        "kind",
        gettext_noop("Factura o Nota de crédito"),
        names=("kind",),
        words=_KINDS,
        example="Factura",
    ),
    Column(
        "modo",
        "mode",
        gettext_noop("Borrador, Proforma o Importado"),
        names=("mode",),
        words=_MODES,
        example="Borrador",
    ),
    Column("cufe", "cufe", gettext_noop("solo de documentos emitidos en otro sistema")),
    Column(
        "sucursal", "office", gettext_noop("código de 4"), names=("office",), reads="zeros:4", example="0001"
    ),
    Column(
        "punto",
        "billing_point",
        gettext_noop("punto de facturación"),
        names=("punto_de_facturacion", "billing_point"),
        reads="zeros:3",
        example="001",
    ),
    Column(
        "fecha",
        "issue_date",
        gettext_noop("2026-11-21 o 21/11/2026; vacía: al emitir"),
        names=("fecha_de_emision", "issue_date"),
        reads="moment",
    ),
    Column("vencimiento", "due_date", gettext_noop("fecha"), names=("due_date",), reads="day"),
    Column("notas", "notes", gettext_noop("texto libre"), names=("notes",)),
    Column(
        "receptor",
        "receiver.code",
        gettext_noop("código de un receptor registrado; en su lugar, las columnas que siguen"),
        names=("codigo_del_receptor", "receiver_code"),
    ),
    Column(
        "tipo_de_receptor",
        "receiver.type",
        gettext_noop("Contribuyente, Consumidor final, Gobierno o Extranjero"),
        names=("receiver_type",),
        words=_RECEIVERS,
        example="Contribuyente",
    ),
    Column(
        "tipo_de_contribuyente",
        "receiver.contributor",
        gettext_noop("Natural o Jurídico"),
        names=("contributor",),
        words=_CONTRIBUTORS,
        example="Jurídico",
    ),
    Column(
        "ruc",
        "receiver.ruc",
        gettext_noop("con guiones, sin DV"),
        names=("receiver_ruc",),
        example="155596713-2-2015",
    ),
    Column("dv", "receiver.dv", gettext_noop("dos dígitos"), reads="zeros:2", example="59"),
    Column(
        "nombre",
        "receiver.name",
        gettext_noop("nombre o razón social"),
        names=("razon_social", "receiver_name"),
        example="Comercial Ejemplo Uno, S.A.",
    ),
    Column(
        "direccion",
        "receiver.address",
        gettext_noop("del receptor"),
        names=("address",),
        example="Calle Ficticia 10",
    ),
    Column(
        "ubicacion",
        "receiver.location",
        gettext_noop("provincia-distrito-corregimiento"),
        names=("location",),
        example="8-8-7",
    ),
    Column(
        "pais", "receiver.country", gettext_noop("código de dos letras"), names=("country",), example="PA"
    ),
    Column(
        "telefonos",
        "receiver.telephones",
        gettext_noop("separados por |"),
        names=("telephones",),
        reads="list",
    ),
    Column("correos", "receiver.emails", gettext_noop("separados por |"), names=("emails",), reads="list"),
    Column("retiene", "receiver.withholds", gettext_noop("sí o no"), names=("withholds",), reads="yes"),
    Column(
        "codigo_de_retencion",
        "receiver.retention_code",
        gettext_noop("del receptor que retiene"),
        names=("retention_code",),
    ),
    Column("codigo", "code", gettext_noop("del artículo"), LINE, ("code", "sku")),
    Column(
        "descripcion",
        "description",
        gettext_noop("de la línea"),
        LINE,
        ("description",),
        example="Servicio de consultoría",
    ),
    Column("unidad", "unit", gettext_noop("und si falta"), LINE, ("unit",)),
    Column(
        "cantidad",
        "quantity",
        gettext_noop("punto decimal, sin separador de miles"),
        LINE,
        ("quantity",),
        example="2",
    ),
    Column(
        "precio",
        "unit_price",
        gettext_noop("unitario, antes de impuesto"),
        LINE,
        ("precio_unitario", "unit_price"),
        example="150.00",
    ),
    Column(
        "descuento",
        "unit_discount",
        gettext_noop("por unidad"),
        LINE,
        ("descuento_unitario", "unit_discount"),
    ),
    Column("tasa_itbms", "tax_rate", gettext_noop("0, 7, 10 o 15"), LINE, ("tax_rate", "tasa"), example="7"),
    Column("cpbs", "cpbs_code", gettext_noop("obligatorio al Gobierno"), LINE, ("cpbs_code",)),
    Column("unidad_cpbs", "cpbs_unit", gettext_noop("obligatoria al Gobierno"), LINE, ("cpbs_unit",)),
    Column(
        "momento_de_pago",
        "payment_time",
        gettext_noop("Contado, Crédito o Mixto"),
        names=("payment_time",),
        words=_PAYMENT_TIMES,
        example="Contado",
    ),
    Column(
        "forma_de_pago",
        "method",
        gettext_noop("código de la DGI: 01 crédito, 02 efectivo, 08 transferencia…"),
        PAYMENT,
        ("payment_method",),
        "zeros:2",
        example="02",
    ),
    Column(
        "monto_pagado",
        "amount",
        gettext_noop("de esa forma de pago"),
        PAYMENT,
        ("payment_amount",),
        example="321.00",
    ),
    Column(
        "descripcion_del_pago",
        "description",
        gettext_noop("obligatoria con la forma 99"),
        PAYMENT,
        ("payment_description",),
    ),
    Column(
        "fecha_de_cuota",
        "due_date",
        gettext_noop("de una venta a crédito"),
        INSTALMENT,
        ("instalment_date",),
        "day",
    ),
    Column("monto_de_cuota", "amount", gettext_noop("de esa cuota"), INSTALMENT, ("instalment_amount",)),
    Column(
        "factura",
        "references.external_id",
        gettext_noop("de una nota: la referencia externa de su factura"),
        names=("factura_referencia", "reference"),
    ),
    Column(
        "cufe_de_la_factura",
        "references.cufe",
        gettext_noop("de una nota, en su lugar"),
        names=("reference_cufe",),
    ),
    Column(
        "neto", "totals.net", gettext_noop("de un documento importado sin líneas"), names=("subtotal", "net")
    ),
    Column("itbms", "totals.itbms", gettext_noop("de un documento importado sin líneas")),
    Column("total", "totals.total", gettext_noop("de un documento importado sin líneas")),
    Column("emisor", "issuer.name", gettext_noop("de un documento recibido"), names=("issuer",)),
    Column(
        "archivos",
        "files",
        gettext_noop("PDF y XML junto al archivo, separados por |; solo con el comando"),
        names=("files",),
        reads="list",
    ),
)

SETTLEMENT_COLUMNS = (
    Column("empresa", "tenant", gettext_noop("pac_company_id o identificador"), names=("tenant",)),
    Column(
        "documento",
        "document",
        gettext_noop("referencia externa, CUFE o identificador"),
        names=("document",),
        example="SO-1001",
    ),
    Column(
        "movimiento",
        "kind",
        gettext_noop("Cobro, Retención, Anticipo o Devolución"),
        names=("movement", "kind"),
        words=_MOVEMENTS,
        example="Cobro",
    ),
    Column("monto", "amount", gettext_noop("positivo"), names=("amount",), example="321.00"),
    Column(
        "fecha",
        "date",
        gettext_noop("2026-11-21 o 21/11/2026"),
        names=("date",),
        reads="day",
        example="2026-11-21",
    ),
    Column(
        "referencia",
        "external_reference",
        gettext_noop("del movimiento: repetirla no lo registra dos veces"),
        names=("referencia_externa", "external_reference"),
        example="DEP-77",
    ),
    Column(
        "forma_de_pago",
        "method",
        gettext_noop("código de la DGI"),
        names=("method",),
        reads="zeros:2",
        example="08",
    ),
    Column(
        "certificado", "certificate_number", gettext_noop("de una retención"), names=("certificate_number",)
    ),
)


def plain(text: str) -> str:
    """`text` for comparing: no accents, case or punctuation, words parted by one blank."""
    bare = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().casefold()
    return re.sub(r"[^a-z0-9]+", " ", bare).strip()


def _by_name(columns: tuple[Column, ...]) -> Mapping[str, Column]:
    return {plain(name): column for column in columns for name in (column.name, *column.names)}


DOCUMENT_NAMES = _by_name(DOCUMENT_COLUMNS)
SETTLEMENT_NAMES = _by_name(SETTLEMENT_COLUMNS)


def are_settlements(headers: Any) -> bool:
    """Whether rows with these headers are movements of money: they name a document and a movement."""
    names = {plain(header) for header in headers}
    return bool(names & {"documento", "document"}) and bool(names & {"movimiento", "movement"})
