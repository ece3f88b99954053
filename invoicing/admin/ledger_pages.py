"""What the ledgers' pages share: rows carry UUIDs and no foreign keys, so names are read once per page of the list."""

import re
from collections.abc import Iterator
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import DropdownFilter

from cifras.core.admin.big_list import KeysetChangeList, ReadOnlyBigListAdmin
from cifras.core.admin.filters import VisibleAutocompleteForm
from invoicing.models import Document
from invoicing.models.document import NAMED
from tenants.access import tenants_for
from tenants.models import Tenant

_KEY = re.compile(r"[0-9]{1,18}")
_UUID = re.compile(r"[0-9a-f]{8}(-?[0-9a-f]{4}){3}-?[0-9a-f]{12}", re.IGNORECASE)


class TenantUidFilter(DropdownFilter):
    """The tenant of a ledger row, typed and looked up among those that the person may see: there are too many to list."""

    title = _("empresa")
    parameter_name = "tenant_uid"

    def __init__(self, request: HttpRequest, params: dict[str, Any], model: Any, model_admin: Any) -> None:
        super().__init__(request, params, model, model_admin)
        self.request, self.model_admin = request, model_admin
        self.tenant = _named(str(self.value() or ""), request)

    def has_output(self) -> bool:
        return True

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return []

    def choices(self, changelist: Any) -> Iterator[Any]:
        yield {
            "form": VisibleAutocompleteForm(
                request=self.request,
                label=_("Por %(filter_title)s") % {"filter_title": self.title},
                name=self.parameter_name,
                choices=(),
                field=Document._meta.get_field("tenant"),  # any key to a tenant: it says whom to look up
                model_admin=self.model_admin,
                data={self.parameter_name: self.tenant.pk if self.tenant else ""},
            )
        }

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.filter(tenant_uid=self.tenant.uid) if self.tenant else queryset


def _named(text: str, request: HttpRequest) -> Tenant | None:
    """The visible tenant of this key, as the box says it, or of this UUID, as addresses do."""
    column = "uid" if _UUID.fullmatch(text) else "pk" if _KEY.fullmatch(text) else ""
    return tenants_for(request.user).filter(**{column: text}).first() if column else None


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
    documents = Document.objects.only(*NAMED).in_bulk(_uids(rows, "document_uid"), field_name="uid")
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
