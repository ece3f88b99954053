"""SUNAT's code tables for documents, identities, notes and operations; those of taxes are in `sunat_taxes`.

Source: annex 8 of SUNAT's rules for electronic documents, as transcribed in 2021 and confirmed in the Peru contract 3.1 to 3.5;
identity formats are those of SUNAT's own validators (2017, 2801, 2802). Labels are SUNAT's words, marked for translation.
"""

import re
from collections.abc import Mapping
from enum import StrEnum

from cifras.fiscal.catalogues.tables import CodeTable
from cifras.fiscal.errors import gettext_noop


class DocumentType(CodeTable):
    """Catalogue 01. A debit note and a remission guide are read, never issued."""

    FACTURA = "01", gettext_noop("Factura")
    BOLETA = "03", gettext_noop("Boleta de venta")
    CREDIT_NOTE = "07", gettext_noop("Nota de crédito")
    DEBIT_NOTE = "08", gettext_noop("Nota de débito")
    REMISSION_GUIDE = "09", gettext_noop("Guía de remisión remitente")


class IdentityType(StrEnum):
    """Catalogue 06, and "-" for nobody in particular, which only a boleta knows. A RUC has its check digit, too."""

    label: str
    shape: str

    def __new__(cls, code: str, label: str = "", shape: str = r"\S{1,15}") -> "IdentityType":
        member = str.__new__(cls, code)
        member._value_ = code
        member.label = label
        member.shape = shape
        return member

    NON_DOMICILED = "0", gettext_noop("Documento tributario de no domiciliado sin RUC")
    DNI = "1", gettext_noop("DNI"), r"[0-9]{8}"
    FOREIGNER_CARD = "4", gettext_noop("Carné de extranjería")
    RUC = "6", gettext_noop("RUC"), r"[0-9]{11}"
    PASSPORT = "7", gettext_noop("Pasaporte")
    DIPLOMATIC_CARD = "A", gettext_noop("Cédula diplomática de identidad")
    COUNTRY_OF_RESIDENCE = "B", gettext_noop("Documento de identidad del país de residencia, no domiciliado")
    TIN = "C", gettext_noop("TIN, documento tributario de persona natural")
    IN = "D", gettext_noop("IN, documento tributario de persona jurídica")
    ANDEAN_CARD = "E", gettext_noop("TAM, Tarjeta Andina de Migración")
    NONE = "-", gettext_noop("Sin documento"), "-?"

    @classmethod
    def knows(cls, code: str) -> bool:
        """Whether `code` is in the table."""
        return code in cls

    def fits(self, number: str) -> bool:
        """Whether a number has this document's form."""
        return re.fullmatch(self.shape, number, re.ASCII) is not None


class CreditReason(CodeTable):
    """Catalogue 09."""

    ANNULMENT = "01", gettext_noop("Anulación de la operación")
    WRONG_RUC = "02", gettext_noop("Anulación por error en el RUC")
    WRONG_DESCRIPTION = "03", gettext_noop("Corrección por error en la descripción")
    GLOBAL_DISCOUNT = "04", gettext_noop("Descuento global")
    LINE_DISCOUNT = "05", gettext_noop("Descuento por ítem")
    FULL_RETURN = "06", gettext_noop("Devolución total")
    LINE_RETURN = "07", gettext_noop("Devolución por ítem")
    BONUS = "08", gettext_noop("Bonificación")
    LOWER_VALUE = "09", gettext_noop("Disminución en el valor")
    OTHER = "10", gettext_noop("Otros conceptos")
    EXPORT_ADJUSTMENT = "11", gettext_noop("Ajustes de operaciones de exportación")
    IVAP_ADJUSTMENT = "12", gettext_noop("Ajustes afectos al IVAP")
    INSTALMENTS = (
        "13",
        gettext_noop(
            "Corrección del monto neto pendiente de pago y/o fechas de vencimiento del pago único o de las cuotas "
            "y/o sus montos"
        ),
    )


# The whole document is taken back; the others take a part of it, or nothing (domain 10).
FULL_REVERSAL = frozenset({CreditReason.ANNULMENT, CreditReason.WRONG_RUC, CreditReason.FULL_RETURN})
WITHOUT_AMOUNT = frozenset({CreditReason.WRONG_DESCRIPTION, CreditReason.INSTALMENTS})


class DebitReason(CodeTable):
    """Catalogue 10."""

    INTEREST = "01", gettext_noop("Intereses por mora")
    HIGHER_VALUE = "02", gettext_noop("Aumento en el valor")
    PENALTY = "03", gettext_noop("Penalidades u otros conceptos")
    EXPORT_ADJUSTMENT = "11", gettext_noop("Ajustes de operaciones de exportación")
    IVAP_ADJUSTMENT = "12", gettext_noop("Ajustes afectos al IVAP")


class Operation(CodeTable):
    """Catalogue 51."""

    INTERNAL_SALE = "0101", gettext_noop("Venta interna")
    DEDUCTIBLE_EXPENSE = (
        "0112",
        gettext_noop("Venta interna: sustenta gastos deducibles de persona natural"),
    )
    NRUS_SALE = "0113", gettext_noop("Venta interna: NRUS")
    EXPORT_OF_GOODS = "0200", gettext_noop("Exportación de bienes")
    EXPORT_OF_SERVICES = (
        "0201",
        gettext_noop("Exportación de servicios: prestados íntegramente en el país"),
    )
    LODGING = "0202", gettext_noop("Exportación de servicios: hospedaje a no domiciliado")
    SHIPPING = "0203", gettext_noop("Exportación de servicios: transporte de navieras")
    FOREIGN_VESSELS = (
        "0204",
        gettext_noop("Exportación de servicios: a naves y aeronaves de bandera extranjera"),
    )
    TOURISM = "0205", gettext_noop("Exportación de servicios: paquete turístico")
    FREIGHT_SERVICES = (
        "0206",
        gettext_noop("Exportación de servicios: complementarios al transporte de carga"),
    )
    ELECTRICITY = "0207", gettext_noop("Exportación de servicios: energía eléctrica a la ZED")
    SERVICES_PARTLY_ABROAD = (
        "0208",
        gettext_noop("Exportación de servicios: prestados parcialmente en el extranjero"),
    )
    AIR_WAYBILL = "0301", gettext_noop("Operaciones con carta de porte aéreo nacional")
    PASSENGER_RAIL = "0302", gettext_noop("Transporte ferroviario de pasajeros")
    NON_DOMICILED_SALE = (
        "0401",
        gettext_noop("Ventas a no domiciliados que no califican como exportación"),
    )
    DETRACTION = "1001", gettext_noop("Operación sujeta a detracción")
    DETRACTION_FISHERY = "1002", gettext_noop("Operación sujeta a detracción: recursos hidrobiológicos")
    DETRACTION_PASSENGERS = "1003", gettext_noop("Operación sujeta a detracción: transporte de pasajeros")
    DETRACTION_FREIGHT = "1004", gettext_noop("Operación sujeta a detracción: transporte de carga")
    PERCEPTION = "2001", gettext_noop("Operación sujeta a percepción")
    BUSINESS_CREDIT = "2100", gettext_noop("Créditos a empresas")
    REVOLVING_CREDIT = "2101", gettext_noop("Créditos de consumo revolvente")
    CONSUMER_CREDIT = "2102", gettext_noop("Créditos de consumo no revolvente")
    FINANCIAL = "2103", gettext_noop("Otras operaciones no gravadas: empresas del sistema financiero")
    INSURANCE = "2104", gettext_noop("Otras operaciones no gravadas: empresas del sistema de seguros")


EXPORTS = frozenset(member for member in Operation if member.startswith("02"))
DETRACTIONS = frozenset(member for member in Operation if member.startswith("10"))

# Catalogue 03 (UN/ECE recommendation 20), the common ones: the list is not complete and only the form is asked for.
UNITS: Mapping[str, str] = {
    "NIU": gettext_noop("Unidad (bienes)"),
    "ZZ": gettext_noop("Unidad (servicios)"),
    "KGM": gettext_noop("Kilogramo"),
    "LTR": gettext_noop("Litro"),
    "MTR": gettext_noop("Metro"),
    "DZN": gettext_noop("Docena"),
    "BX": gettext_noop("Caja"),
}

# ISO 4217 is what SUNAT takes; which of it is offered is ours.
CURRENCIES: Mapping[str, str] = {
    "PEN": gettext_noop("Sol"),
    "USD": gettext_noop("Dólar estadounidense"),
    "EUR": gettext_noop("Euro"),
}
SOLES = "PEN"
