"""The DGI's code tables.

Source: rFE format 1.00 and the Ficha Técnica PAC v1.00, revision of April 2025, as confirmed in the DGI contract 3 (its section
is named above each table). Incoterms are the ICC's of 2020 and 2010. Labels are marked for translation.
"""

import re
from collections.abc import Mapping
from decimal import Decimal

from cifras.fiscal.catalogues.tables import CodeTable, NumberTable
from cifras.fiscal.errors import RuleBroken, gettext_noop


class DocumentType(CodeTable):
    """iDoc (3.1)."""

    INTERNAL = "01", gettext_noop("Factura de operación interna")
    IMPORT = "02", gettext_noop("Factura de importación")
    EXPORT = "03", gettext_noop("Factura de exportación")
    CREDIT_NOTE = "04", gettext_noop("Nota de crédito referente a una factura electrónica")
    DEBIT_NOTE = "05", gettext_noop("Nota de débito referente a una factura electrónica")
    GENERIC_CREDIT_NOTE = "06", gettext_noop("Nota de crédito genérica")
    GENERIC_DEBIT_NOTE = "07", gettext_noop("Nota de débito genérica")
    FREE_ZONE = "08", gettext_noop("Factura de zona franca")
    REIMBURSEMENT = "09", gettext_noop("Reembolso")
    FOREIGN_OPERATION = "10", gettext_noop("Factura de operación extranjera")


class Emission(CodeTable):
    """iTpEmis (3.2). Contingency needs local signing, which is not ours: it is read, never issued."""

    PRIOR = "01", gettext_noop("Autorización previa, operación normal")
    PRIOR_CONTINGENCY = "02", gettext_noop("Autorización previa, contingencia")
    POSTERIOR = "03", gettext_noop("Autorización posterior, operación normal")
    POSTERIOR_CONTINGENCY = "04", gettext_noop("Autorización posterior, contingencia")


class Nature(CodeTable):
    """iNatOp (3.3)."""

    SALE = "01", gettext_noop("Venta")
    EXPORT = "02", gettext_noop("Exportación")
    REEXPORT = "03", gettext_noop("Reexportación")
    FOREIGN_SOURCE_SALE = "04", gettext_noop("Venta de fuente extranjera")
    TRANSFER = "10", gettext_noop("Transferencia")
    RETURN = "11", gettext_noop("Devolución")
    CONSIGNMENT = "12", gettext_noop("Consignación")
    REMITTANCE = "13", gettext_noop("Remesa")
    FREE_DELIVERY = "14", gettext_noop("Entrega gratuita")
    PURCHASE = "20", gettext_noop("Compra")
    IMPORT = "21", gettext_noop("Importación")


class OperationType(NumberTable):
    """iTipoOp (3.3)."""

    OUT = 1, gettext_noop("Salida o venta")
    IN = 2, gettext_noop("Entrada o compra")


class Destination(NumberTable):
    """iDest (3.3)."""

    PANAMA = 1, gettext_noop("Panamá")
    ABROAD = 2, gettext_noop("Extranjero")


class SaleType(NumberTable):
    """iTipoTranVenta (3.3); left out when the document is no sale."""

    BUSINESS_LINE = 1, gettext_noop("Giro del negocio")
    FIXED_ASSET = 2, gettext_noop("Activo fijo")
    REAL_ESTATE = 3, gettext_noop("Bienes raíces")
    SERVICES = 4, gettext_noop("Servicios")


class PaymentTerm(NumberTable):
    """iPzPag (3.3)."""

    IMMEDIATE = 1, gettext_noop("Inmediato")
    TERM = 2, gettext_noop("A plazo")
    MIXED = 3, gettext_noop("Mixto")


class Receiver(CodeTable):
    """iTipoRec (3.4)."""

    TAXPAYER = "01", gettext_noop("Contribuyente")
    FINAL_CONSUMER = "02", gettext_noop("Consumidor final")
    GOVERNMENT = "03", gettext_noop("Gobierno")
    FOREIGNER = "04", gettext_noop("Extranjero")


class ForeignIdType(CodeTable):
    """Kinds of a foreigner's id (3.4)."""

    PASSPORT = "01", gettext_noop("Pasaporte")
    TAX_NUMBER = "02", gettext_noop("Número tributario")
    OTHER = "99", gettext_noop("Otro")


class PaymentMethod(CodeTable):
    """iFormaPago (3.6)."""

    CREDIT = "01", gettext_noop("Crédito")
    CASH = "02", gettext_noop("Efectivo")
    CREDIT_CARD = "03", gettext_noop("Tarjeta de crédito")
    DEBIT_CARD = "04", gettext_noop("Tarjeta de débito")
    LOYALTY_CARD = "05", gettext_noop("Tarjeta de fidelización")
    VOUCHER = "06", gettext_noop("Vale")
    GIFT_CARD = "07", gettext_noop("Tarjeta de regalo")
    TRANSFER = "08", gettext_noop("Transferencia o depósito")
    CHEQUE = "09", gettext_noop("Cheque")
    OTHER = "99", gettext_noop("Otra")


class Oti(CodeTable):
    """OTI, other taxes and charges of a line (3.5)."""

    SUME_911 = "01", gettext_noop("SUME 911")
    PORTABILITY = "02", gettext_noop("Portabilidad numérica")
    INSURANCE = "03", gettext_noop("Impuesto sobre seguros, 5 %")
    CAR_INSURANCE = "04", gettext_noop("Seguro de auto ATTT, 1 %")
    AIRPORT_DEPARTURE = "05", gettext_noop("Salida de aeropuerto FZ")
    AIRPORT_DEVELOPMENT = "06", gettext_noop("Desarrollo de aeropuerto F3")
    AIRPORT_SECURITY = "07", gettext_noop("Seguridad de aeropuerto AH")
    OTHER_CHARGES = "08", gettext_noop("Otros cargos XT")
    FUEL = "09", gettext_noop("Combustible YQ")
    FECI = "10", gettext_noop("FECI")
    INTEREST = "11", gettext_noop("Intereses")


class Retention(CodeTable):
    """Why the receiver withholds ITBMS (3.6). Codes 5 and 6 do not exist."""

    STATE_PROFESSIONAL = "1", gettext_noop("Servicio profesional al Estado")
    STATE_SALE = "2", gettext_noop("Venta de bienes o servicios al Estado")
    NON_DOMICILED = "3", gettext_noop("Pago a no domiciliado")
    LARGE_BUYER = "4", gettext_noop("Compra de bienes o servicios por agente de retención")
    CARD_MERCHANT = "7", gettext_noop("Comercio afiliado a un sistema de tarjetas")
    OTHER = "8", gettext_noop("Otra, con importe propio")


# Percent of the ITBMS that is withheld (3.6); None: the amount is given with the document.
RETENTION_PERCENT: Mapping[str, Decimal | None] = {
    Retention.STATE_PROFESSIONAL: Decimal(100),
    Retention.STATE_SALE: Decimal(50),
    Retention.NON_DOMICILED: Decimal(100),
    Retention.LARGE_BUYER: Decimal(50),
    Retention.CARD_MERCHANT: Decimal(50),
    Retention.OTHER: None,
}

# ITBMS rates in percent and their dTasaITBMS (3.5): 0 exempt, 10 alcohol and lodging, 15 tobacco.
ITBMS_CODES: Mapping[Decimal, str] = {
    Decimal(0): "00",
    Decimal(7): "01",
    Decimal(10): "02",
    Decimal(15): "03",
}

# ISC rates in percent known to the sources (3.5); they may be dated, so they are offered and never enforced.
ISC_RATES: Mapping[Decimal, str] = {
    Decimal(5): gettext_noop("Gaseosas, joyas, cable, telefonía móvil"),
    Decimal(6): gettext_noop("Jarabes"),
    Decimal("32.5"): gettext_noop("Tabaco"),
}

# Units seen on accepted documents (3.7); case and blanks matter, and the list is not complete.
UNITS: Mapping[str, str] = {
    "und": gettext_noop("Unidad"),
    "kg": gettext_noop("Kilogramo"),
    "lb": gettext_noop("Libra"),
    "oz": gettext_noop("Onza"),
    "m": gettext_noop("Metro"),
    "cm": gettext_noop("Centímetro"),
    "m2": gettext_noop("Metro cuadrado"),
    "l": gettext_noop("Litro"),
    "Hora trabajo": gettext_noop("Hora de trabajo"),
    "Paquete": gettext_noop("Paquete"),
    "Docena": gettext_noop("Docena"),
}

# Incoterms 2020, and those of 2010 that still appear on contracts.
INCOTERMS = frozenset({"EXW", "FCA", "FAS", "FOB", "CFR", "CIF", "CPT", "CIP", "DAP", "DPU", "DDP", "DAT"})

_CPBS = re.compile(r"(?:[1-8][0-9]|9[0-5])(?:[0-9]{2})?")


def itbms_code(rate: Decimal, field: str = "tax_rate") -> str:
    """dTasaITBMS of a rate in percent; an exempt line has a code too. Raises RuleBroken for a rate not in the table."""
    code = ITBMS_CODES.get(rate)
    if code is None:
        raise RuleBroken(
            "tax_rate_unknown",
            gettext_noop("El ITBMS no tiene una tasa de {rate} %. Elija 0, 7, 10 o 15."),
            field,
            rate=f"{rate:f}",
        )
    return code


def itbms_rate(code: str) -> Decimal:
    """The rate in percent of a dTasaITBMS; raises RuleBroken for an unknown code."""
    for rate, known in ITBMS_CODES.items():
        if known == code:
            return rate
    raise RuleBroken(
        "tax_code_unknown", gettext_noop("«{given}» no es un código de ITBMS de la DGI."), given=code
    )


def require_cpbs(code: str, field: str = "cpbs_code") -> str:
    """A CPBS code by its form: a segment of two digits (10 to 95) or a family of four; which exist, the provider says."""
    if not _CPBS.fullmatch(code):
        raise RuleBroken(
            "cpbs_shape",
            gettext_noop(
                "«{given}» no es un código CPBS: son dos o cuatro dígitos. Búsquelo en el catálogo."
            ),
            field,
            given=code,
        )
    return code
