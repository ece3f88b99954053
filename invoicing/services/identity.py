"""Is the document that the provider holds under our number ours?

Source: domain 6.4. A CUFE that carries our RUC, type, point, number, date and security code is proof by itself; otherwise every
member the answer carries is compared, and an absent one is no disagreement. A CUFE's own check digit is never tested here.
"""

from enum import Enum, auto

from django.utils import timezone

from cifras.fiscal import cufe
from cifras.fiscal.lifecycle import REJECTED_LEGAL
from cifras.pac.contract import PacAnswer
from invoicing.models import Document


class Likeness(Enum):
    """SAME is ours; DIFFERENT holds our number but is another sale; OTHER has nothing to do with us."""

    SAME = auto()
    DIFFERENT = auto()
    OTHER = auto()


def compare(document: Document, answer: PacAnswer) -> Likeness:
    """How `answer` stands to our `document`."""
    read = cufe.read(answer.cufe)
    if read is not None:
        return _by_cufe(document, answer.cufe, read)
    if answer.legal_status in REJECTED_LEGAL:
        return Likeness.OTHER  # a refused repeat bears our number too, under an id of its own
    if answer.number and answer.number.lstrip("0") != document.number.lstrip("0"):
        return Likeness.OTHER
    if answer.issue_date and answer.issue_date[:10] != _issue_day(document):
        return Likeness.DIFFERENT
    return Likeness.SAME


def _by_cufe(document: Document, theirs: str, read: cufe.Cufe) -> Likeness:
    if cufe.is_ours(theirs, document.local_cufe):
        return Likeness.SAME
    ours = (document.series, document.number, document.billing_point, document.office.code)
    held = (read.document_type, read.number, read.billing_point, read.branch)
    return Likeness.DIFFERENT if held == ours else Likeness.OTHER


def _issue_day(document: Document) -> str:
    return timezone.localtime(document.issue_date).date().isoformat() if document.issue_date else ""
