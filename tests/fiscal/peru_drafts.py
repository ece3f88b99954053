"""Peruvian drafts for the tests of the law: complete ones, to be changed one member at a time."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from cifras.fiscal.document import (
    Comprobante,
    Contributor,
    Detraction,
    DocumentDraft,
    Instalment,
    Issuer,
    Kind,
    Line,
    Mode,
    Party,
    Payment,
    PaymentTime,
    PeruTerms,
    ReceiverType,
    Reference,
)
from tests.fiscal.drafts import NOW

COMPANY = Party(
    type=ReceiverType.CONTRIBUYENTE,
    name="Comercial de Ejemplo S.A.C.",
    country="PE",
    identity_type="6",
    identity_number="20100070970",
)
PERSON = Party(
    type=ReceiverType.CONSUMIDOR_FINAL,
    name="Ana Ejemplo",
    country="PE",
    identity_type="1",
    identity_number="05414828",
)
NOBODY = Party(type=ReceiverType.CONSUMIDOR_FINAL, country="PE")
ABROAD = Party(
    type=ReceiverType.EXTRANJERO,
    name="Sample Imports LLC",
    country="US",
    identity_type="0",
    identity_number="US-998877",
)

FACTURA = PeruTerms(Comprobante.FACTURA, "F001")
BOLETA = PeruTerms(Comprobante.BOLETA, "B001")


def line(quantity: str = "2", unit_price: str = "100", tax_rate: str = "18", **changes: Any) -> Line:
    plain = Line(
        description="Servicio de consultoría",
        quantity=Decimal(quantity),
        unit_price=Decimal(unit_price),
        tax_rate=Decimal(tax_rate),
        unit="ZZ",
        affectation="10",
    )
    return replace(plain, **changes)


def untaxed(affectation: str, unit_price: str = "100", **changes: Any) -> Line:
    return line("1", unit_price, "0", affectation=affectation, **changes)


def terms(base: PeruTerms = FACTURA, **changes: Any) -> PeruTerms:
    return replace(base, **changes)


def factura(**changes: Any) -> DocumentDraft:
    """A complete cash factura of 236.00 to a company."""
    draft = DocumentDraft(
        kind=Kind.INVOICE,
        mode=Mode.DGI,
        issuer=Issuer("20131312955", Contributor.JURIDICO, "", "Emisor de Ejemplo S.A.C."),
        receiver=COMPANY,
        lines=(line(),),
        payment_time=PaymentTime.CASH,
        payments=(),
        issue_date=NOW,
        peru=FACTURA,
    )
    return replace(draft, **changes)


def boleta(**changes: Any) -> DocumentDraft:
    """A complete cash boleta of 236.00 to nobody in particular."""
    return factura(**{"receiver": NOBODY, "peru": BOLETA, **changes})


def on_credit(*amounts: str, **changes: Any) -> DocumentDraft:
    """A factura on credit with one instalment a week."""
    return factura(
        **{
            "payment_time": PaymentTime.CREDIT,
            "instalments": instalments(*(amounts or ("236.00",))),
            **changes,
        }
    )


def instalments(*amounts: str) -> tuple[Instalment, ...]:
    return tuple(
        Instalment(index, NOW.date() + timedelta(weeks=index), Decimal(amount))
        for index, amount in enumerate(amounts, start=1)
    )


def with_detraction(amount: str = "28.00", **changes: Any) -> DocumentDraft:
    """A factura on credit whose receiver deposits a part at the Banco de la Nación."""
    said = terms(operation_type="1001", detraction=Detraction(Decimal(amount), "037", Decimal(12)))
    return on_credit(str(Decimal(236) - Decimal(amount)), **{"peru": said, **changes})


def export(**changes: Any) -> DocumentDraft:
    """A factura to somebody abroad."""
    return factura(
        **{"receiver": ABROAD, "lines": (untaxed("40"),), "peru": terms(operation_type="0200"), **changes}
    )


def note(reason_code: str = "07", **changes: Any) -> DocumentDraft:
    """A credit note on a factura of 236.00; reasons 03 and 13 without an amount."""
    is_bare = reason_code in {"03", "13"}
    reference = Reference(
        cufe="",
        issue_date=NOW - timedelta(days=2),
        series="F001",
        number="123",
        comprobante=Comprobante.FACTURA,
        total=Decimal("236.00"),
    )
    said = terms(reason_code=reason_code, reason="Devolución de una parte")
    plain: dict[str, Any] = {
        "kind": Kind.CREDIT,
        "reference": reference,
        "peru": said,
        "lines": (line(unit_price="0") if is_bare else line("1"),),
    }
    return factura(**{**plain, **changes})


def paid(method: str, amount: str) -> Payment:
    return Payment(method, Decimal(amount))
