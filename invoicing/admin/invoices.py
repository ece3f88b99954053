"""Invoices: their list, their pages, and the form on which a draft is written."""

from django.contrib import admin

from invoicing.admin import exports
from invoicing.admin.credit_form import InvoiceCreditMixin
from invoicing.admin.documents import DocumentAdmin
from invoicing.admin.invoice_form import InvoiceFormMixin
from invoicing.models import Invoice
from invoicing.models.choices import Kind


@admin.register(Invoice)
class InvoiceAdmin(InvoiceFormMixin, InvoiceCreditMixin, DocumentAdmin):
    """Invoices. The mixin writes drafts; everything else is the documents' page."""

    list_export = exports.INVOICES
    kind = Kind.INVOICE
