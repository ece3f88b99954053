"""Who receives: which identity a document may have, and its form (Peru contract 3.1 and 3.4)."""

from collections.abc import Iterator
from decimal import Decimal

from cifras.fiscal.catalogues.sunat import EXPORTS, SOLES, IdentityType, Operation
from cifras.fiscal.document import Comprobante, DocumentDraft, Kind, Party, PeruTerms, ReceiverType
from cifras.fiscal.errors import RuleBroken, gettext_noop
from cifras.fiscal.lengths import outside
from cifras.fiscal.ruc import peru as ruc_rules
from cifras.fiscal.totals import Totals

NAME = (1, 1500)  # the upper limit is ours: the contract gives none but a provider's
IDENTIFIED_ABOVE = Decimal(700)  # soles: from there on a boleta names its customer

_AT_HOME = frozenset({IdentityType.NONE, IdentityType.DNI, IdentityType.FOREIGNER_CARD})
_ANYBODY = frozenset(IdentityType) - {IdentityType.NONE}
_FACTURA_IDENTITIES = {
    Operation.DEDUCTIBLE_EXPENSE: frozenset({IdentityType.DNI, IdentityType.RUC}),
    **dict.fromkeys(EXPORTS, _ANYBODY - {IdentityType.RUC}),
    Operation.LODGING: _ANYBODY,
    Operation.NON_DOMICILED_SALE: _ANYBODY,
}


def identities_allowed(comprobante: Comprobante, operation: str) -> frozenset[IdentityType]:
    """Which of catalogue 06 the customer may have: of a boleta any or none, of a factura a RUC, save some operations."""
    if comprobante is Comprobante.BOLETA:
        return frozenset(IdentityType)
    by_operation = {str(key): allowed for key, allowed in _FACTURA_IDENTITIES.items()}
    return by_operation.get(operation, frozenset({IdentityType.RUC}))


def identity_of(receiver: Party) -> IdentityType | None:
    """The kind of identity, none where nothing is said; None when the code is not in the catalogue."""
    code = receiver.identity_type or IdentityType.NONE
    return IdentityType(code) if IdentityType.knows(code) else None


def receiver_type(identity_type: str) -> ReceiverType:
    """What the receiver is by the identity alone, for who does not say: SUNAT asks for the identity only."""
    if identity_type == IdentityType.RUC:
        return ReceiverType.CONTRIBUYENTE
    is_at_home = (identity_type or IdentityType.NONE) in _AT_HOME
    return ReceiverType.CONSUMIDOR_FINAL if is_at_home else ReceiverType.EXTRANJERO


def receiver_reasons(draft: DocumentDraft, terms: PeruTerms) -> Iterator[RuleBroken]:
    """Everything wrong with the receiver of a document, the amount aside."""
    receiver = draft.receiver
    identity = identity_of(receiver)
    if identity is None:
        yield RuleBroken(
            "identity_type_unknown",
            gettext_noop(
                "«{given}» no es un tipo de documento de identidad (catálogo 06 de la SUNAT), como 6 o 1."
            ),
            "receiver.identity_type",
            given=receiver.identity_type,
        )
        return
    if identity not in identities_allowed(terms.document_kind, terms.operation_type):
        yield _not_allowed(identity, terms)
    yield from _number(receiver, identity)
    yield from outside(
        receiver.name, "receiver.name", 0 if identity is IdentityType.NONE else NAME[0], NAME[1]
    )


def anonymity_reasons(draft: DocumentDraft, terms: PeruTerms, totals: Totals) -> Iterator[RuleBroken]:
    """A boleta above the limit in soles names its customer; without an exchange rate nobody knows whether it is above."""
    is_asked = draft.kind is Kind.INVOICE and terms.document_kind is Comprobante.BOLETA
    if not is_asked or identity_of(draft.receiver) is not IdentityType.NONE:
        return
    rate = Decimal(1) if terms.currency == SOLES else terms.exchange_rate
    if rate is None:
        yield RuleBroken(
            "exchange_rate_missing",
            gettext_noop(
                "Sin tipo de cambio no se sabe si la boleta pasa de S/ {limit}. Indíquelo, o identifique al cliente."
            ),
            "exchange_rate",
            limit=str(IDENTIFIED_ABOVE),
        )
    elif totals.total * rate > IDENTIFIED_ABOVE:
        yield RuleBroken(
            "identity_missing",
            gettext_noop(
                "Una boleta de más de S/ {limit} lleva el documento de identidad del cliente. Complételo."
            ),
            "receiver.identity_type",
            limit=str(IDENTIFIED_ABOVE),
        )


def _not_allowed(identity: IdentityType, terms: PeruTerms) -> RuleBroken:
    allowed = identities_allowed(terms.document_kind, terms.operation_type)
    if allowed == {IdentityType.RUC}:
        return RuleBroken(
            "identity_not_for_factura",
            gettext_noop("Una factura se emite a un RUC. Indíquelo (tipo 6), o emita una boleta."),
            "receiver.identity_type",
        )
    return RuleBroken(
        "identity_not_for_operation",
        gettext_noop(
            "Con la operación {operation} el cliente de una factura se identifica con otro documento que {given}."
        ),
        "receiver.identity_type",
        operation=terms.operation_type,
        given=str(identity),
    )


def _number(receiver: Party, identity: IdentityType) -> Iterator[RuleBroken]:
    number = receiver.identity_number
    if identity is IdentityType.RUC:
        try:
            is_clean = ruc_rules.validate(number) == number
        except RuleBroken as error:
            yield error.at("receiver.identity_number")
            return
    else:
        is_clean = identity.fits(number)
    if not is_clean:
        yield RuleBroken(
            "identity_number_shape",
            gettext_noop(
                "«{number}» no es un número de ese documento: el RUC tiene once cifras, el DNI ocho, los demás hasta 15 "
                "caracteres sin espacios, y sin documento no hay número."
            ),
            "receiver.identity_number",
            number=number[:40],
        )
