"""Credit notes."""

from django.contrib import admin
from django.http import HttpRequest

from invoicing.admin import exports
from invoicing.admin.credit_form import CreditDraftMixin
from invoicing.admin.documents import DocumentAdmin
from invoicing.models import Credit
from invoicing.models.choices import Kind


@admin.register(Credit)
class CreditAdmin(CreditDraftMixin, DocumentAdmin):
    """Credit notes: their list, their pages and what may be done with them. A new one begins on its invoice's page."""

    list_export = exports.CREDITS
    kind = Kind.CREDIT

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False
