"""Documents that were issued elsewhere: what their CUFE and their stated figures have to agree with.

Nothing is computed anew here. What the issuer stated is what the authority holds; it is only asked whether it adds up, so that a
slip of the hand is found before it stands in the sales book. Source: DGI contract 3.1, 3.8 and 4; domain 1 (DGI_IMPORT).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from cifras.fiscal import cufe
from cifras.fiscal.document import ZERO, Issuer, Kind
from cifras.fiscal.errors import RuleBroken, gettext_noop
from cifras.fiscal.money import round_half_up
from cifras.fiscal.ruc import panama as ruc

TOLERANCE = Decimal("0.05")  # what two ways of rounding may differ by in one document
RATES = (Decimal(0), Decimal(7), Decimal(10), Decimal(15))

_KINDS = {
    **dict.fromkeys(("01", "02", "03", "08", "09", "10"), Kind.INVOICE),
    **dict.fromkeys(("04", "06"), Kind.CREDIT),
}
_RUC_TYPES = {"1": "NATURAL", "2": "JURIDICO"}


@dataclass(frozen=True, slots=True)
class StatedRate:
    """What a document states for one rate of ITBMS, in percent."""

    rate: Decimal
    base: Decimal
    tax: Decimal


@dataclass(frozen=True, slots=True)
class StatedTotals:
    """A document's totals as its issuer stated them, in its currency. `charges` are freight and insurance."""

    net: Decimal
    itbms: Decimal
    total: Decimal
    isc: Decimal = ZERO
    oti: Decimal = ZERO
    discount: Decimal = ZERO
    charges: Decimal = ZERO
    by_rate: tuple[StatedRate, ...] = ()


def kind_of(document_type: str) -> Kind:
    """Ours for the authority's type code; raises RuleBroken for debit notes, which are read and not kept."""
    try:
        return _KINDS[document_type]
    except KeyError:
        raise RuleBroken(
            "debit_note_not_kept",
            gettext_noop(
                "El CUFE es de una nota de débito (tipo {type}). Cifras las reconoce, pero no las registra todavía: "
                "llévela aparte."
            ),
            "cufe",
            type=document_type,
        ) from None


def is_issued_by(said: cufe.Cufe, issuer: Issuer) -> bool:
    """Whether the CUFE names `issuer`, its DV aside."""
    return (_RUC_TYPES[said.ruc_type], said.ruc) == (issuer.contributor, ruc.compact(issuer.ruc))


def identity_reasons(said: cufe.Cufe, issuer: Issuer, *, is_production: bool) -> list[RuleBroken]:
    """What in the CUFE cannot be: a DV that isn't its RUC's, or a document of the other environment."""
    found = []
    expected = issuer.dv if is_issued_by(said, issuer) else _dv_of(said)
    if expected and said.dv != expected:
        found.append(
            RuleBroken(
                "cufe_dv",
                gettext_noop(
                    "El CUFE lleva el DV {given} y al RUC {ruc} le corresponde {expected}: compruebe de quién es."
                ),
                "cufe",
                given=said.dv,
                ruc=said.ruc,
                expected=expected,
            )
        )
    if said.is_test and is_production:
        found.append(
            RuleBroken(
                "cufe_environment",
                gettext_noop(
                    "El CUFE es de un documento de pruebas, sin validez, y la empresa está en producción."
                ),
                "cufe",
            )
        )
    if not said.is_test and not is_production:
        found.append(
            RuleBroken(
                "cufe_environment",
                gettext_noop(
                    "El CUFE es de un documento legal y la empresa es de pruebas: regístrelo en la de producción."
                ),
                "cufe",
            )
        )
    return found


def with_rates(totals: StatedTotals) -> StatedTotals:
    """The totals with their bases by rate: given, or the only rate that explains the ITBMS.

    Raises RuleBroken when several may, or none does: the sales book asks for them one by one.
    """
    if totals.by_rate:
        return totals
    fitting = [rate for rate in RATES if round_half_up(totals.net * rate / 100) == totals.itbms]
    if len(fitting) != 1 and not (totals.itbms == 0 and fitting):
        raise RuleBroken(
            "rates_missing",
            gettext_noop(
                "Con un neto de {net} y un ITBMS de {itbms} hay varias tasas: dé la base y el impuesto de cada una."
            ),
            "totals.by_rate",
            net=f"{totals.net:f}",
            itbms=f"{totals.itbms:f}",
        )
    return replace(totals, by_rate=(StatedRate(fitting[0], totals.net, totals.itbms),))


def sum_reasons(totals: StatedTotals) -> list[RuleBroken]:
    """Where the stated figures don't add up among themselves."""
    parts = totals.net + totals.itbms + totals.isc + totals.oti + totals.charges - totals.discount
    bases = sum((row.base for row in totals.by_rate), ZERO)
    taxes = sum((row.tax for row in totals.by_rate), ZERO)
    checks: Sequence[tuple[str, Decimal, Decimal]] = (
        ("totals.total", totals.total, parts),
        ("totals.net", totals.net, bases),
        ("totals.itbms", totals.itbms, taxes),
    )
    return [
        RuleBroken(
            "totals_do_not_add_up",
            gettext_noop("La cifra declarada es {stated} y sus partes suman {sum}: corrija los importes."),
            field,
            stated=f"{stated:f}",
            sum=f"{sum_of_parts:f}",
        )
        for field, stated, sum_of_parts in checks
        if abs(stated - sum_of_parts) > TOLERANCE
    ]


def disagreement(given: StatedTotals, read: StatedTotals) -> RuleBroken | None:
    """Why figures given by hand aren't those of the document's own XML; None when they are."""
    for field in ("total", "net", "itbms"):
        ours, theirs = getattr(given, field), getattr(read, field)
        if ours != theirs:
            return RuleBroken(
                "xml_disagrees",
                gettext_noop("Se indicó {given} y el XML dice {read}: quite la cifra o corríjala."),
                f"totals.{field}",
                given=f"{ours:f}",
                read=f"{theirs:f}",
            )
    return None


def _dv_of(said: cufe.Cufe) -> str:
    """The DV that the DGI's formula gives for the RUC in the CUFE; empty where it gives none."""
    try:
        return ruc.check_digit(said.ruc, _RUC_TYPES[said.ruc_type])
    except RuleBroken:
        return ""
