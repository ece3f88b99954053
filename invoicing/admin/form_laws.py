"""The page that writes an invoice, country by country: its fields, its pieces of page, and how they become a document."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cifras.fiscal.catalogues import dgi, sunat
from invoicing.admin import (
    invoice_fields,
    invoice_initial,
    invoice_json,
    invoice_sums,
    peru_fields,
    peru_initial,
    peru_json,
    peru_sums,
)
from invoicing.admin.invoice_fields import MOST_LINES, MOST_PAYMENTS, PartForm, RowForm
from invoicing.admin.invoice_initial import Initial
from invoicing.models import Document
from invoicing.services.sketching import Sketch
from tenants.models import Tenant
from tenants.services.accounts import provider_spec

_FOLDER = "admin/invoicing/invoice/form/"
_PIECES = ("head", "receiver", "receiver_card", "line", "payments", "rest")


class Rows(forms.BaseFormSet):
    """The rows of a part. Without scripts a row is taken out by a tick."""

    def add_fields(self, form: forms.Form, index: int | None) -> None:
        super().add_fields(form, index)
        form.fields["DELETE"].label = _("Quitar")

    @property
    def kept(self) -> list[RowForm]:
        """The rows that say something."""
        return [form for form in self.forms if not form.is_left_out]


def rows_of(form: type[RowForm], most: int) -> Any:
    """The formset of a part."""
    return forms.formset_factory(
        form, formset=Rows, extra=0, max_num=most, absolute_max=most, validate_max=True, can_delete=True
    )


@dataclass(frozen=True, slots=True)
class FormLaw:
    """One country's page. `document_json` says everything but lines, payments and instalments.

    `any_place`: the choice of no office in particular, where the page may choose; `needs_payment`: whether a sale without a
    declared payment counts as one with a blank row; `offer` fills the selects that follow from the tenant.
    """

    country: str
    new_title: Any
    templates: Mapping[str, str]
    head: type[PartForm]
    receiver: type[invoice_fields.ReceiverChoice]
    lines: Any
    payments: Any
    units: Mapping[str, str]
    new_line: Mapping[str, str]
    blank: Initial
    needs_payment: bool
    any_place: Any
    document_json: Callable[[Any], dict[str, Any]]
    line_json: Callable[[Any], dict[str, Any]]
    payment_json: Callable[[Any], dict[str, Any]]
    takes_payments: Callable[[Any], bool]
    fits: Callable[[Document], bool]
    initial_of: Callable[[Document], Initial]
    offer: Callable[[Any], None]
    sums: Callable[[Sketch, str], list[tuple[str, str]]]
    standing: Callable[[Sketch, str], tuple[str, str]]
    notes: Callable[[Sketch, str], list[str]]
    hints: Callable[[Any, dict[str, Any]], dict[str, str]]


def form_law(tenant: Tenant | None) -> FormLaw:
    """The page of the tenant's country; until there is a tenant, Panama's."""
    return _LAWS[tenant.country if tenant else Tenant.Country.PANAMA]


def _pieces(folder: str, *own: str) -> Mapping[str, str]:
    """The files of a country's page: its own, and for the rest those that every country shares."""
    return {name: f"{_FOLDER}{folder if name in own else ''}{name}.html" for name in _PIECES}


def _panamanian(page: Any) -> dict[str, Any]:
    return {
        **invoice_json.head_json(page.head, page.tenant),
        **invoice_json.receiver_json(page.receiver),
        **invoice_json.exportation_json(page.exportation, page.receiver),
    }


def _peruvian(page: Any) -> dict[str, Any]:
    return {
        **peru_json.head_json(page.head, page.receiver, page.tenant, page.registered),
        **peru_json.receiver_json(page.receiver),
    }


def _offer_operations(page: Any) -> None:
    """Those of the tenant's provider; a draft's own stays in sight even if it is none of them."""
    if page.tenant is None:
        return
    current = page.head["operation_type"].value() or ""
    choices = peru_fields.operations(provider_spec(page.tenant).operations)
    if current and current not in dict(choices):
        choices.append((current, current))
    page.head.fields["operation_type"].widget.choices = choices


_LAWS: Mapping[str, FormLaw] = {
    Tenant.Country.PANAMA: FormLaw(
        country=Tenant.Country.PANAMA,
        new_title=gettext_lazy("Nueva factura"),
        templates=_pieces(""),
        head=invoice_fields.HeadForm,
        receiver=invoice_fields.ReceiverForm,
        lines=rows_of(invoice_fields.LineForm, MOST_LINES),
        payments=rows_of(invoice_fields.PaymentForm, MOST_PAYMENTS),
        units=dgi.UNITS,
        new_line=invoice_initial.NEW_LINE,
        blank=invoice_initial.BLANK,
        needs_payment=True,
        any_place="",
        document_json=_panamanian,
        line_json=invoice_json.line_json,
        payment_json=invoice_json.payment_json,
        takes_payments=lambda _head: True,
        fits=invoice_initial.fits_the_form,
        initial_of=invoice_initial.initial_of,
        offer=lambda _page: None,
        sums=invoice_sums.rows,
        standing=invoice_sums.standing,
        notes=invoice_sums.notes,
        hints=invoice_sums.hints,
    ),
    Tenant.Country.PERU: FormLaw(
        country=Tenant.Country.PERU,
        new_title=gettext_lazy("Nueva factura o boleta"),
        templates=_pieces("peru/", *_PIECES),
        head=peru_fields.PeruHeadForm,
        receiver=peru_fields.PeruReceiverForm,
        lines=rows_of(peru_fields.PeruLineForm, MOST_LINES),
        payments=rows_of(peru_fields.PeruPaymentForm, MOST_PAYMENTS),
        units=sunat.UNITS,
        new_line=peru_initial.NEW_LINE,
        blank=peru_initial.BLANK,
        needs_payment=False,
        any_place=gettext_lazy("La primera serie para ese comprobante"),
        document_json=_peruvian,
        line_json=peru_json.line_json,
        payment_json=peru_json.payment_json,
        takes_payments=peru_json.takes_payments,
        fits=peru_initial.fits_the_form,
        initial_of=peru_initial.initial_of,
        offer=_offer_operations,
        sums=peru_sums.rows,
        standing=peru_sums.standing,
        notes=peru_sums.notes,
        hints=peru_sums.hints,
    ),
}
