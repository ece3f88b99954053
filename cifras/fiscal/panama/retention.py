"""Retention: the part of the ITBMS that the receiver keeps and pays to the DGI in the issuer's place."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from cifras.fiscal.document import DocumentDraft, Kind
from cifras.fiscal.errors import RuleBroken, gettext_noop
from cifras.fiscal.totals import Totals, retention


class MissingRetentionCode(RuleBroken):
    """The receiver withholds and nobody said why."""

    def __init__(self) -> None:
        super().__init__(
            "missing_retention_code",
            gettext_noop(
                "El receptor retiene ITBMS y falta el código de retención. Indíquelo aquí o en el receptor."
            ),
            "retention_code",
        )


@dataclass(frozen=True, slots=True)
class RetentionDue:
    """What goes on the document: the DGI's code and the amount in cents."""

    code: str
    amount: Decimal


def retention_of(draft: DocumentDraft, totals: Totals, *, on_notes: bool = False) -> RetentionDue | None:
    """The retention of a document, None when there is none.

    The document's own code goes before the receiver's usual one. On credit notes only where `on_notes` says so.
    Raises MissingRetentionCode, and RuleBroken for an unknown code or a wrong amount.
    """
    is_subject = draft.kind is Kind.INVOICE or on_notes
    if not (is_subject and draft.receiver.withholds and totals.itbms > 0):
        return None
    code = draft.retention_code or draft.receiver.retention_code
    if not code:
        raise MissingRetentionCode
    return RetentionDue(code, retention(code, totals.itbms, draft.retention_amount))


def retention_reasons(draft: DocumentDraft, totals: Totals) -> Iterator[RuleBroken]:
    """What keeps the retention from being computed."""
    try:
        retention_of(draft, totals)
    except RuleBroken as error:
        yield error
