"""Money: reading, rounding and spreading amounts. The only place where an amount is rounded.

Amounts and quantities are Decimal from the first byte. Line values are rounded half up to two decimals (no source tells half
up from half even apart; half up fits every sample, DGI contract 3.8). PAB and USD are one bucket: a balboa is a dollar.
"""

import re
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Context, Decimal
from fractions import Fraction

from cifras.fiscal.errors import RuleBroken, gettext_noop

CENT = Decimal("0.01")
MAX_PLACES = 6
LIMIT = Decimal(10) ** 12

# Wide enough for a product of two amounts of twelve integers and six decimals, and for a sum of many of them.
EXACT = Context(prec=60, rounding=ROUND_HALF_UP)

_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")
_ONE_BUCKET = frozenset({"PAB", "USD"})


def amount(value: object, field: str = "") -> Decimal:
    """Read an amount or a quantity strictly: text such as ``"1234.50"``, an int or a finite Decimal.

    Raises RuleBroken for a float (it has already lost cents), for thousands marks, exponents, NaN and infinity, for more
    than six decimals and from 10^12 on.
    """
    number = _read(value, field)
    if number.copy_abs() >= LIMIT:  # abs() rounds to the context, and overflows on 1e999999999
        raise RuleBroken(
            "amount_too_large",
            gettext_noop("La cifra {value} es demasiado grande. Revise los ceros."),
            field,
            value=str(number)[:40],
        )
    if number != EXACT.quantize(number, Decimal(1).scaleb(-MAX_PLACES)):
        raise RuleBroken(
            "amount_too_precise",
            gettext_noop("La cifra {value} tiene más de {places} decimales. Redondéela."),
            field,
            value=str(number)[:40],
            places=MAX_PLACES,
        )
    return number + 0  # a negative zero becomes zero


def _read(value: object, field: str) -> Decimal:
    if isinstance(value, int) and not isinstance(value, bool):
        return Decimal(value)
    if isinstance(value, Decimal) and value.is_finite():
        return value
    if isinstance(value, str) and len(value) <= 64 and _NUMBER.fullmatch(value.strip()):
        return Decimal(value.strip())
    raise RuleBroken(
        "not_an_amount",
        gettext_noop(
            "«{value}» no es una cifra. Escriba solo dígitos y un punto decimal, sin separador de miles."
        ),
        field,
        value=str(value)[:40],
    )


def round_half_up(value: Decimal, places: int = 2) -> Decimal:
    """`value` at `places` decimals; a half goes away from zero."""
    return EXACT.quantize(value, Decimal(1).scaleb(-places))


def is_whole_cents(value: Decimal) -> bool:
    """Whether `value` has no fraction of a cent."""
    return value == round_half_up(value)


def same_bucket(currency: str, other: str) -> bool:
    """Whether two currencies may be added: the same one, or PAB with USD."""
    pair = {currency.upper(), other.upper()}
    return len(pair) == 1 or pair <= _ONE_BUCKET


def largest_remainder(total: Decimal, weights: Sequence[Decimal]) -> list[Decimal]:
    """Spread `total` (whole cents, not negative) over `weights` in proportion; the parts add up to it exactly.

    Every part is cut down to the cent; the cents left over go to the largest remainders, the earlier one first. As long as
    the weights are whole cents and add up to `total` or more, no part exceeds its weight.
    Raises RuleBroken when there is nothing to spread over.
    """
    scale = sum(map(Fraction, weights), Fraction(0))
    if total == 0:
        return [Decimal("0.00")] * len(weights)
    if total < 0 or scale <= 0 or min(weights) < 0 or not is_whole_cents(total):
        raise RuleBroken(
            "nothing_to_spread_over",
            gettext_noop(
                "No se puede repartir {total}: las líneas no tienen importe o la cifra no son centavos enteros."
            ),
            total=str(total),
        )
    cents = int(total / CENT)
    exact = [cents * Fraction(weight) / scale for weight in weights]
    parts = [int(share) for share in exact]
    by_remainder = sorted(range(len(exact)), key=lambda index: parts[index] - exact[index])
    for index in by_remainder[: cents - sum(parts)]:
        parts[index] += 1
    return [part * CENT for part in parts]
