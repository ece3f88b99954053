"""SUNAT's codes and forms that follow from what a draft is: its type, its series, its number (Peru contract 3.1)."""

import re

from cifras.fiscal.catalogues.sunat import DocumentType
from cifras.fiscal.document import Comprobante, Kind

HIGHEST_NUMBER = 99_999_999

_LETTERS = {Comprobante.FACTURA: "F", Comprobante.BOLETA: "B"}
_TYPES = {Comprobante.FACTURA: DocumentType.FACTURA, Comprobante.BOLETA: DocumentType.BOLETA}
# SUNAT's own portal issues with these: they can be referred to, never issued by us.
_PORTAL = {Comprobante.FACTURA: "E001", Comprobante.BOLETA: "EB01"}
_CONTINGENCY = re.compile(r"[0-9]{4}")
_NUMBER = re.compile(r"0{0,7}[1-9][0-9]{0,7}")


def document_type(kind: Kind, comprobante: Comprobante) -> DocumentType:
    """Catalogue 01: 07 for a credit note, whatever it refers to."""
    return DocumentType.CREDIT_NOTE if kind is Kind.CREDIT else _TYPES[comprobante]


def series_letter(comprobante: Comprobante) -> str:
    """With which letter the series of a document, and of the notes that refer to it, begins."""
    return _LETTERS[comprobante]


def is_series(series: str, comprobante: Comprobante) -> bool:
    """Whether a series is one of this document's, or of its notes: F or B and three more, or four digits (contingency)."""
    letter = series_letter(comprobante)
    return is_contingency(series) or re.fullmatch(rf"{letter}[A-Z0-9]{{3}}", series) is not None


def is_electronic_series(series: str) -> bool:
    """Whether electronic documents of some kind, or notes, may be issued with a series: F or B and three more."""
    return not is_contingency(series) and any(is_series(series, each) for each in Comprobante)


def is_known_series(series: str, comprobante: Comprobante) -> bool:
    """As `is_series`, for a document that was issued anywhere, SUNAT's portal included."""
    return is_series(series, comprobante) or series == _PORTAL[comprobante]


def is_contingency(series: str) -> bool:
    """Whether a series has digits only: documents on paper, issued while nothing else works."""
    return _CONTINGENCY.fullmatch(series) is not None


def is_number(number: str) -> bool:
    """One to eight digits from 1 on; left zeros mean nothing."""
    return len(number) <= 8 and _NUMBER.fullmatch(number) is not None
