"""A document's page, and the hidden page that serves the autocomplete boxes.

What was issued is read here and never edited. The page follows background work by a small poll of its own fragment.
"""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Exists, OuterRef
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.crypto import salted_hmac

from cifras.core import proposals
from cifras.core.admin import proposal_pages
from cifras.core.admin.badges import Badge
from cifras.core.admin.big_list import ReadOnlyBigListAdmin
from cifras.core.exports.lists import NotExported
from cifras.core.rights import may
from invoicing.admin import document_page, exports, mail_shown
from invoicing.admin.assets import ASSETS
from invoicing.admin.badges import alerts, business_badge, legal_badge
from invoicing.admin.bulk import BulkDoorsMixin
from invoicing.admin.correction_deeds import correction_deeds
from invoicing.admin.correction_doors import CorrectionDoorsMixin
from invoicing.admin.deeds import Deed, deeds_of, right
from invoicing.admin.document_summary import address_of
from invoicing.admin.document_tabs import tabs_for
from invoicing.admin.doors import DocumentDoorsMixin
from invoicing.admin.exchange_shown import shown
from invoicing.admin.figures import money
from invoicing.admin.imported_deeds import ImportedDoorsMixin, imported_deeds
from invoicing.admin.lists import DocumentListMixin
from invoicing.admin.mail_doors import MailDoorsMixin
from invoicing.admin.money_deeds import money_deeds
from invoicing.admin.settlement_doors import MoneyDoorsMixin
from invoicing.admin.verdict_deeds import verdict_deeds
from invoicing.admin.verdict_doors import VerdictDoorsMixin
from invoicing.admin.words import words_of
from invoicing.models import Attachment, Correction, Document
from invoicing.services import settling
from tenants.models import Exchange, Tenant
from tenants.services.accounts import provider_spec

_FAMILY = ("tenant", "office", "receiver", "credited", "replaces", "created_by")


class DocumentAdmin(
    MoneyDoorsMixin,
    CorrectionDoorsMixin,
    ImportedDoorsMixin,
    MailDoorsMixin,
    DocumentDoorsMixin,
    VerdictDoorsMixin,
    BulkDoorsMixin,
    DocumentListMixin,
):
    """A face of Document: its list, its page, its acts. Drafts are edited by a mixin that stands before this class."""

    audits_changes = False  # the services do
    export_right = exports.RIGHT

    def get_queryset(self, request: HttpRequest) -> Any:
        rows = super().get_queryset(request).select_related(*_FAMILY)
        return rows.annotate(
            has_proposal=proposals.is_open_about("uid"),
            is_being_corrected=Exists(
                Correction.objects.filter(original=OuterRef("pk"), state=Correction.State.OPEN)
            ),
        )

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Only a draft changes, and what the authority returned to be mended."""
        is_open = obj is None or obj.is_mendable
        return is_open and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_urls(self) -> list[Any]:
        name = f"{self.opts.app_label}_{self.opts.model_name}"
        fragment: Any = self.guarded_view(self.fragment_view)
        pdf: Any = self.guarded_view(self.pdf_view)
        exchange: Any = self.guarded_view(self.exchange_view)
        return [
            path("<path:object_id>/fragment/", fragment, name=f"{name}_fragment"),
            path("<path:object_id>/pdf/", pdf, name=f"{name}_pdf"),
            path("<path:object_id>/exchange/<uuid:exchange_uid>/", exchange, name=f"{name}_exchange"),
            *super().get_urls(),
        ]

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        document = self._seen(request, object_id)
        if request.method not in {"GET", "HEAD"}:
            raise PermissionDenied
        context = self.admin_site.each_context(request) | self.page_context(request, document)
        request.current_app = self.admin_site.name
        return TemplateResponse(
            request, "admin/invoicing/document/page.html", context | (extra_context or {})
        )

    def fragment_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The page's changing part; 204 when it would look as it did to whoever asks."""
        document = self._seen(request, object_id)
        if request.GET.get("seen") == self._state(document):
            return HttpResponse(status=204)
        return TemplateResponse(
            request, "admin/invoicing/document/fragment.html", self.page_context(request, document)
        )

    def pdf_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The newest PDF, as the download that it is."""
        newest = (
            self._seen(request, object_id).attachments.filter(kind=Attachment.Kind.PDF).order_by("pk").last()
        )
        if newest is None:
            raise Http404
        return HttpResponseRedirect(reverse("invoicing:file", args=[newest.uid]))

    def exchange_view(self, request: HttpRequest, object_id: str, exchange_uid: Any) -> HttpResponse:
        """One exchange of this document, in full."""
        document = self._seen(request, object_id)
        if not may(request.user, "tenants.view_exchange"):
            raise PermissionDenied
        exchange = (
            Exchange.objects.visible_to(request.user)
            .filter(uid=exchange_uid, document_uid=document.uid)
            .first()
        )
        if exchange is None:
            raise Http404
        request.current_app = self.admin_site.name
        context = {
            **self.admin_site.each_context(request),
            **shown(exchange),
            "title": str(exchange),
            "opts": self.opts,
            "original": document,
            "assets": ASSETS,
            "back": f"{self.address_of(document)}?tab=exchanges",
        }
        return TemplateResponse(request, "admin/invoicing/document/exchange_page.html", context)

    def page_context(self, request: HttpRequest, document: Document) -> dict[str, Any]:
        """What page and fragment show."""
        tabs = tabs_for(request.user)
        tab = next((tab for tab in tabs if tab.name == request.GET.get("tab")), tabs[0])
        tenant, mails = document.tenant, mail_shown.mails_of(document)
        next_step = document_page.next_step(document) or mail_shown.next_step(mails)
        # Before the deeds, which then find the document's notes read.
        panel = tab.read(document, request.user)
        return {
            "title": str(document),
            "opts": self.opts,
            "original": document,
            "document": document,
            "words": words_of(document),
            "provider_name": provider_spec(document.provider).name if document.provider else "",
            "assets": ASSETS,
            "tenant_address": self._tenant_address(request, tenant),
            "badges": [legal_badge(document), *_ours(document), *alerts(document)],
            "total": money(document.total, document.currency),
            "deadline": document_page.deadline_of(document),
            "is_sandbox": document.environment == Tenant.Environment.SANDBOX,
            "notices": [*document_page.notices_of(document), *mail_shown.notices_of(document, mails)],
            "next_step": next_step,
            "is_moving": bool(next_step),
            "state": self._state(document),
            "deeds": [
                (deed, self._door(document, deed))
                for deed in (
                    *deeds_of(document, request.user),
                    *imported_deeds(document, request.user),
                    *verdict_deeds(document, request.user),
                    *correction_deeds(document, request.user),
                    *money_deeds(document, request.user),
                    *mail_shown.mail_deeds(document, request.user, mails),
                )
            ],
            "waiting": proposal_pages.waiting_on(document),
            "tabs": tabs,
            "tab": tab,
            "page_address": self.address_of(document),
            "fragment_address": self.address_of(document, "fragment"),
            "panel": panel,
            "panel_template": f"admin/invoicing/document/tab_{tab.name}.html",
        }

    def _seen(self, request: HttpRequest, object_id: str) -> Any:
        """The document, for somebody who may look at its kind."""
        document: Any = self.require_object(request, object_id)
        if not any(may(request.user, right(document, deed)) for deed in ("view", "change")):
            raise PermissionDenied
        return document

    def _door(self, document: Document, deed: Deed) -> str:
        return str(self.address_of(document, deed.name))

    def _state(self, document: Document) -> str:
        seen = document_page.state_of(document, document_page.last_event(document))
        return salted_hmac("document page", seen).hexdigest()[:16]

    def _tenant_address(self, request: HttpRequest, tenant: Tenant) -> str:
        if not may(request.user, "tenants.view_tenant"):
            return ""
        return reverse(f"{self.admin_site.name}:tenants_tenant_change", args=[tenant.uid])


def _ours(document: Document) -> list[Badge]:
    """Our own word; of what another one issued we have none."""
    return [] if document.is_received else [business_badge(settling.business(document))]


@admin.register(Document)
class AnyDocumentAdmin(ReadOnlyBigListAdmin):
    """Documents of either kind, for the autocomplete boxes. It is not in the menu; its pages are those of the faces."""

    list_export = NotExported("invoices and credit notes have lists of their own")
    search_routes = DocumentListMixin.search_routes
    list_select_related = ("tenant",)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return False

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        document: Any = self.require_object(request, object_id)
        if not self.has_view_permission(request, document):
            raise PermissionDenied
        return HttpResponseRedirect(address_of(document))
