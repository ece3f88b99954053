"""What staff can do about a complaint of Alanube or, through it, of the DGI: one table, one sentence each."""

import re

from cifras.fiscal.errors import gettext_noop
from cifras.pac.errors import Problem


def remedy(problem: Problem) -> str:
    """A Spanish sentence on what to do about a complaint we know; empty for one we do not."""
    for code, phrase, sentence in _REMEDIES:
        if code and re.fullmatch(code, problem.code):
            return sentence
        if phrase and re.search(phrase, problem.message, re.I):
            return sentence
    return ""


# Code, phrase and sentence: either of the first two is enough, and the first row that fits wins.
_REMEDIES: tuple[tuple[str, str, str], ...] = (
    (
        "AP1010",
        r"\bcompany qr\b",
        gettext_noop(
            "Alanube no tiene el QR vigente de la empresa: pida de nuevo la afiliación y reanude la cola."
        ),
    ),
    (
        "4003",
        r"\bQR del emisor\b",
        gettext_noop("El QR de la empresa dejó de valer ante la DGI: repita la afiliación."),
    ),
    (
        "160[12]",
        r"\bruc not found\b",
        gettext_noop("La DGI no reconoce el RUC o el DV: verifíquelos con el cliente y corrija el receptor."),
    ),
    (
        "0622",
        r"\balready (been )?(voided|cancell?ed|annulled)\b",
        gettext_noop("Ya estaba anulado: no hace falta repetir la anulación."),
    ),
    (
        "",
        r"\bnumeration\b.*\balready\b",
        gettext_noop(
            "Otro documento tiene este número: compare ambos antes de decidir. Si la serie empezó mal, corrija la numeración."
        ),
    ),
    (
        "",
        r'receiver\.ruc requires property|receiver requires property "ruc"',
        gettext_noop("Complete el RUC y el tipo de contribuyente del receptor."),
    ),
    (
        "",
        r"\breceiver\.otherCountry\b",
        gettext_noop("Escriba el país del receptor con su código de dos letras, como PA o US."),
    ),
    (
        "",
        r'requires property "exportation"',
        gettext_noop(
            "Una venta al exterior necesita los datos de exportación: incoterm, moneda y monto. Complételos."
        ),
    ),
    (
        "",
        r"\bexportation should not be specified\b",
        gettext_noop("Quite los datos de exportación: la factura es de operación interna."),
    ),
    (
        "",
        r"\bcountry and instance\.information\.destination do not match\b|\bdestination of the operation cannot be foreign\b",
        gettext_noop("El país del receptor y el destino de la operación no concuerdan: revise el país."),
    ),
    (
        "",
        r'requires property "rate"',
        gettext_noop("Indique la tasa de ITBMS de cada línea, también cuando está exenta (0)."),
    ),
    (
        "",
        r"\breason too short\b",
        gettext_noop("Escriba un motivo de al menos 15 caracteres."),
    ),
    (
        "",
        r"\boutside (of )?(the )?void(ing)? window\b",
        gettext_noop("El plazo de anulación venció: emita una nota de crédito por el importe que queda."),
    ),
    (
        "",
        r"\bdocument not found\b",
        gettext_noop(
            "Revise el identificador del documento y la empresa (pac_company_id) con que se preguntó."
        ),
    ),
    (
        "",
        r"\b(company|idcompany)\b.{0,20}\bnot found\b",
        gettext_noop("Alanube no conoce la empresa: revise su pac_company_id y la clave de acceso."),
    ),
    (
        "",
        r"\bcertificate\b|\bcertificado\b",
        gettext_noop("El certificado de firma de la empresa no sirve: cargue uno vigente y reanude la cola."),
    ),
)
