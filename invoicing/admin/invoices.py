"""Invoices."""

from django.contrib import admin

from invoicing.admin.documents import DocumentAdmin
from invoicing.models import Invoice
from invoicing.models.choices import Kind


@admin.register(Invoice)
class InvoiceAdmin(DocumentAdmin):
    """Invoices: their list, their pages and what may be done with them."""

    kind = Kind.INVOICE
