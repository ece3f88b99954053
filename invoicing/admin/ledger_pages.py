"""What the ledgers' pages share: rows carry UUIDs and no foreign keys, so names are read once per page of the list."""

from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import DropdownFilter

from cifras.core.admin.big_list import KeysetChangeList, ReadOnlyBigListAdmin
from invoicing.models import Document
from tenants.access import tenants_for
from tenants.models import Tenant


class TenantUidFilter(DropdownFilter):
    """The tenant of a ledger row, of those that the person may see."""

    title = _("empresa")
    parameter_name = "tenant_uid"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(str(tenant.uid), str(tenant)) for tenant in tenants_for(request.user)]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        known = self.value() in {value for value, _label in self.lookup_choices}
        return queryset.filter(tenant_uid=self.value()) if known else queryset


class NamedChangeList(KeysetChangeList):
    """Gives every row of the page the names of its tenant and its document: two queries, however long the page."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        name_rows(self.result_list)


class LedgerPage(ReadOnlyBigListAdmin):
    """A ledger to look at."""

    allowed_lookups = ("document_uid", "correlation_id")

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[KeysetChangeList]:
        return NamedChangeList

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        row = super().get_object(request, object_id, from_field)
        if row is not None and not hasattr(row, "named_tenant"):
            name_rows([row])
        return row


def name_rows(rows: list[Any]) -> None:
    """Set `named_tenant` and `named_document` on ledger rows; None where there is none, or no more."""
    tenants = Tenant.objects.only("uid", "legal_name", "trade_name").in_bulk(
        _uids(rows, "tenant_uid"), field_name="uid"
    )
    documents = Document.objects.only("uid", "kind", "mode", "number", "external_id").in_bulk(
        _uids(rows, "document_uid"), field_name="uid"
    )
    for row in rows:
        row.named_tenant = tenants.get(row.tenant_uid)
        row.named_document = documents.get(row.document_uid)


def document_link(document: Document | None) -> str:
    """The document's page under its name; a dash where there is none."""
    if document is None:
        return "—"
    address = reverse(f"admin:invoicing_{document.face_name}_change", args=[document.uid])
    return format_html('<a class="cf-link" href="{}">{}</a>', address, document)


def tenant_link(tenant: Tenant | None) -> str:
    """The tenant's page under its name; a dash where there is none."""
    if tenant is None:
        return "—"
    address = reverse("admin:tenants_tenant_change", args=[tenant.uid])
    return format_html('<a class="cf-link" href="{}">{}</a>', address, tenant)


def _uids(rows: list[Any], member: str) -> set[Any]:
    return {uid for row in rows if (uid := getattr(row, member))}
