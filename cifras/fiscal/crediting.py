"""Credit notes: how much of an invoice may still be credited, and how a note says what it does.

Source: domain 10 and DGI contract 6. Live notes are those that count: in flight they already reserve their amount; rejected,
void and discarded ones give it back; proformas reserve nothing. The caller holds the invoice's row lock while asking.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from decimal import Decimal, localcontext

from cifras.fiscal.document import ZERO, Line, Mode
from cifras.fiscal.errors import RuleBroken, gettext_noop, refuse
from cifras.fiscal.lifecycle import REJECTED_LEGAL, LegalStatus, Submission, VoidStatus
from cifras.fiscal.money import EXACT, round_half_up

FULL_ANNULMENT = 1
AMOUNTS = 3

_RESERVES_NOTHING = frozenset({Submission.DRAFT, Submission.REFUSED, Submission.DISCARDED})


def is_live(mode: Mode, submission: Submission, legal: LegalStatus, void: VoidStatus) -> bool:
    """Whether a credit note takes its amount from the invoice's remainder."""
    if mode is Mode.PROFORM or submission in _RESERVES_NOTHING:
        return False
    return legal not in REJECTED_LEGAL and void is not VoidStatus.VOIDED


def remaining(total: Decimal, live_notes: Iterable[Decimal]) -> Decimal:
    """What may still be credited of an amount, given the amounts of the live notes; never negative."""
    return max(total - sum(live_notes, ZERO), ZERO)


def require_within(note_total: Decimal, total: Decimal, live_notes: Iterable[Decimal]) -> Decimal:
    """What remains after a note of `note_total`; raises RuleBroken when the note credits nothing or too much."""
    left = remaining(total, live_notes)
    if note_total <= 0:
        raise RuleBroken(
            "credit_of_nothing",
            gettext_noop("La nota de crédito no rebaja ningún importe. Indique las líneas."),
            "lines",
        )
    if note_total > left:
        raise RuleBroken(
            "credit_exceeds_remaining",
            gettext_noop(
                "La nota suma {note} y a la factura solo le quedan {left} sin nota de crédito. Reduzca las líneas."
            ),
            "lines",
            note=str(note_total),
            left=str(left),
        )
    return left - note_total


def require_lines_within(
    note: Mapping[int, Decimal], left: Mapping[int, Decimal], *, said_at: Mapping[int, int] | None = None
) -> None:
    """Raises RuleBroken naming every line that credits more than is left of it.

    Both mappings are by the index of the invoice's line; amounts or quantities, as long as both are the same. `said_at`: the
    note's own line, by the invoice's, where the two are numbered differently.
    """
    places = said_at or {}
    refuse(
        RuleBroken(
            "credit_exceeds_line",
            gettext_noop(
                "De la línea {line} de la factura la nota rebaja {note} y solo quedan {left} sin nota de crédito. Redúzcala."
            ),
            f"lines[{places.get(index, index)}]",
            line=index + 1,
            note=f"{amount:.2f}",
            left=f"{left.get(index, ZERO):.2f}",
        )
        for index, amount in sorted(note.items())
        if amount > left.get(index, ZERO)
    )


def credited_line(
    line: Line,
    quantity: Decimal,
    *,
    credited_quantity: Decimal = ZERO,
    credited_share: Decimal = ZERO,
) -> Line:
    """An invoice's line as a note carries it: `quantity` of it, with its part of the global discount.

    What earlier live notes took is given by `credited_quantity` and `credited_share`. The share is rounded on what has been
    credited so far, so that notes by line never carry a negative one and together carry exactly the invoice's.
    """
    with localcontext(EXACT):
        so_far = round_half_up(line.discount_share * (credited_quantity + quantity) / line.quantity)
    left = line.discount_share - credited_share
    return replace(line, quantity=quantity, discount_share=max(min(so_far - credited_share, left), ZERO))


def modification_code(
    note_total: Decimal, invoice_total: Decimal, other_live_notes: Collection[Decimal]
) -> int:
    """1 (annuls the whole invoice) when the note equals its total and no other live note exists, else 3 (amounts)."""
    is_full = note_total == invoice_total and not other_live_notes
    return FULL_ANNULMENT if is_full else AMOUNTS
