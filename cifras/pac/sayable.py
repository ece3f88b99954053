"""What Peruvian providers cannot say, where several say it alike: which operations one lists, and that it knows no late discount.

Their papers differ in the lists only (Peru contract 1.4 and 2.3), so a provider brings its list and its name.
"""

from collections.abc import Container, Iterator

from cifras.fiscal.document import DocumentDraft, Kind
from cifras.fiscal.errors import RuleBroken, gettext_noop


def unlisted_reasons(
    draft: DocumentDraft, *, provider: str, operations: Container[str]
) -> Iterator[RuleBroken]:
    """A sale of a type of operation that is not among `operations` (catalogue 51), and a discount after the tax.

    Nothing where the draft is not Peru's, which is said elsewhere.
    """
    if draft.peru is None:
        return
    key = provider.lower()
    if draft.kind is Kind.INVOICE and draft.peru.operation_type not in operations:
        yield RuleBroken(
            f"operation_not_at_{key}",
            gettext_noop(
                "{provider} no emite operaciones de tipo {operation}: use otro proveedor para esta venta."
            ),
            "operation_type",
            provider=provider,
            operation=draft.peru.operation_type,
        )
    if draft.discounts_after_tax and draft.global_discounts:
        yield RuleBroken(
            f"discount_after_tax_at_{key}",
            gettext_noop("{provider} no admite descuentos después del impuesto: aplíquelos antes."),
            "discounts_after_tax",
            provider=provider,
        )
