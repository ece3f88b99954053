"""Everything that keeps a Panamanian document from being queued, at once."""

from collections.abc import Iterator
from datetime import datetime

from cifras.fiscal.document import DocumentDraft
from cifras.fiscal.errors import RuleBroken, gettext_noop, refuse
from cifras.fiscal.panama.header import header_reasons
from cifras.fiscal.panama.lines import lines_reasons
from cifras.fiscal.panama.payment import payment_reasons
from cifras.fiscal.panama.receiver import receiver_reasons
from cifras.fiscal.panama.retention import retention_reasons
from cifras.fiscal.totals import Totals, compute

MAX_BACKDATE_DAYS = 30


def reasons(
    draft: DocumentDraft,
    *,
    now: datetime,
    max_backdate_days: int = MAX_BACKDATE_DAYS,
    totals: Totals | None = None,
) -> list[RuleBroken]:
    """All refusals, each naming its member as the JSON document does; an empty list lets the draft pass.

    `now` is aware. `totals` are those the payload will agree with; without them they are computed, rounding by line.
    What needs the database or the provider (tenant, office, an authorised reference, the registry's answer) is not here.
    """
    found = [
        *header_reasons(draft, now=now, max_backdate_days=max_backdate_days),
        *receiver_reasons(draft),
        *lines_reasons(draft),
        *_document_amounts(draft),
    ]
    try:
        totals = totals or compute(draft)
    except RuleBroken as error:
        return [*found, *error.reasons]
    return [*found, *payment_reasons(draft, totals), *retention_reasons(draft, totals)]


def require_complete(
    draft: DocumentDraft,
    *,
    now: datetime,
    max_backdate_days: int = MAX_BACKDATE_DAYS,
    totals: Totals | None = None,
) -> None:
    """Raises RuleBroken, or RulesBroken with every reason, unless the draft may be queued."""
    refuse(reasons(draft, now=now, max_backdate_days=max_backdate_days, totals=totals))


def warnings(draft: DocumentDraft) -> list[RuleBroken]:
    """What is allowed but seldom meant. Shown, never refused."""
    untaxed = [
        f"lines[{index}].{member}"
        for index, line in enumerate(draft.lines)
        for member in ("freight", "insurance")
        if line.tax_rate > 0 and getattr(line, member) > 0
    ]
    if any(line.tax_rate > 0 for line in draft.lines):
        untaxed += [member for member in ("freight", "insurance") if getattr(draft, member) > 0]
    return [
        RuleBroken(
            "untaxed_charge",
            gettext_noop(
                "Este cargo no paga ITBMS aunque la venta sí. Si debe pagarlo, póngalo como una línea más."
            ),
            field,
        )
        for field in untaxed
    ]


def _document_amounts(draft: DocumentDraft) -> Iterator[RuleBroken]:
    """Discounts, freight and insurance of the whole document."""
    for index, discount in enumerate(draft.global_discounts):
        if discount.amount <= 0:
            yield RuleBroken(
                "discount_not_positive",
                gettext_noop("Un descuento global es mayor que cero. Corríjalo o quítelo."),
                f"global_discounts[{index}].amount",
            )
    for member in ("freight", "insurance"):
        if getattr(draft, member) < 0:
            yield RuleBroken(
                "negative_amount",
                gettext_noop("El flete y el seguro no pueden ser negativos. Corríjalo."),
                member,
            )
        elif getattr(draft, member) > 0 and any(getattr(line, member) > 0 for line in draft.lines):
            yield RuleBroken(
                "charge_given_twice",
                gettext_noop(
                    "El flete o el seguro va en las líneas o en el documento, no en ambos. Quite uno."
                ),
                member,
            )
