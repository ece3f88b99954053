"""Webhooks as they came in: what was believed of them, and what became of them."""

import json
import re
from collections.abc import Mapping
from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import action, display

from cifras.core.admin.badges import AMBER, BLUE, GREEN, GREY, RED, Badge
from cifras.core.admin.big_list import ReadOnlyBigListAdmin, SearchRoute
from cifras.core.admin.filters import VisibleAutocompleteFilter
from cifras.core.rights import may
from invoicing.admin.deeds import actor_of
from invoicing.admin.figures import as_received, stamp
from invoicing.admin.ledger_pages import document_link
from invoicing.models import Document, WebhookDelivery
from invoicing.services import inbox

_LONGEST_BODY = 60_000
_VERDICTS: Mapping[str, tuple[str, str]] = {
    WebhookDelivery.Verdict.SIGNED: ("verified_user", GREEN),
    WebhookDelivery.Verdict.UNSIGNED: ("remove_moderator", AMBER),
    WebhookDelivery.Verdict.FORGED: ("gpp_bad", RED),
}
_STATES: Mapping[str, tuple[str, str]] = {
    WebhookDelivery.State.NEW: ("schedule", BLUE),
    WebhookDelivery.State.PARKED: ("local_parking", AMBER),
    WebhookDelivery.State.PROCESSED: ("task_alt", GREEN),
    WebhookDelivery.State.FAILED: ("error", RED),
    WebhookDelivery.State.IGNORED: ("do_not_disturb_on", GREY),
}


@admin.register(WebhookDelivery)
class DeliveryPage(ReadOnlyBigListAdmin):
    """Deliveries, newest first."""

    list_display = ("received", "tenant", "signed", "condition", "word", "pac_document_id", "attempts")
    list_display_links = ("received",)
    list_select_related = ("tenant",)
    list_filter = (("tenant", VisibleAutocompleteFilter), "state", "verdict")
    search_help_text = gettext_lazy("Identificador del documento, aquí o en el PAC")
    search_routes = (
        SearchRoute(
            re.compile(r"[0-9a-f]{8}(-?[0-9a-f]{4}){3}-?[0-9a-f]{12}", re.IGNORECASE), "document_uid"
        ),
        SearchRoute(re.compile(r"\S{1,255}"), "pac_document_id"),
    )
    allowed_lookups = ("document_uid",)
    actions_detail = ("reprocess",)
    fieldsets = (
        (
            None,
            {"fields": (("received", "ip"), "tenant", ("signed", "condition"), "document", "word")},
        ),
        (
            gettext_lazy("Qué se hizo"),
            {"fields": (("attempts", "processed"), "next_try", "trace")},
        ),
        (
            gettext_lazy("Lo que llegó"),
            {"fields": ("pac_document_id", "claimed_user", "sent_headers", "sent_body")},
        ),
    )
    readonly_fields = (
        "received",
        "signed",
        "condition",
        "document",
        "word",
        "processed",
        "next_try",
        "trace",
        "sent_headers",
        "sent_body",
    )

    class Media:
        css = {"all": ("cifras/documents.css", "cifras/pages.css")}

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("tenant")

    def has_reprocess_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return may(request.user, "invoicing.change_webhookdelivery")

    @action(
        description=gettext_lazy("Reprocesar"),
        icon="replay",
        permissions=["reprocess"],
    )
    def reprocess(self, request: HttpRequest, object_id: str) -> None:
        delivery: Any = self.require_object(request, object_id)
        inbox.reprocess(delivery, actor=actor_of(request))
        self.forget_objects(request)
        messages.success(request, _("La entrega volvió al principio: se procesa en unos segundos."))

    @display(description=gettext_lazy("recibida"))
    def received(self, delivery: WebhookDelivery) -> SafeString | str:
        return stamp(delivery.received_at)

    @display(description=gettext_lazy("firma"))
    def signed(self, delivery: WebhookDelivery) -> Badge:
        icon, tone = _VERDICTS[delivery.verdict]
        return Badge(delivery.get_verdict_display(), icon, tone)

    @display(description=gettext_lazy("estado"))
    def condition(self, delivery: WebhookDelivery) -> Badge:
        icon, tone = _STATES[delivery.state]
        return Badge(delivery.get_state_display(), icon, tone)

    @display(description=gettext_lazy("palabra del PAC"))
    def word(self, delivery: WebhookDelivery) -> str:
        return f"«{as_received(delivery.raw_legal_status, 60)}»" if delivery.raw_legal_status else "—"

    @display(description=gettext_lazy("documento"))
    def document(self, delivery: WebhookDelivery) -> str:
        if delivery.document_uid is None:
            return "—"
        return document_link(
            Document.objects.filter(uid=delivery.document_uid, tenant=delivery.tenant_id).first()
        )

    @display(description=gettext_lazy("procesada"))
    def processed(self, delivery: WebhookDelivery) -> SafeString | str:
        return stamp(delivery.processed_at)

    @display(description=gettext_lazy("próximo intento"))
    def next_try(self, delivery: WebhookDelivery) -> SafeString | str:
        return stamp(delivery.due_at)

    @display(description=gettext_lazy("traza"))
    def trace(self, delivery: WebhookDelivery) -> SafeString | str:
        return _raw(delivery.traceback)

    @display(description=gettext_lazy("cabeceras"))
    def sent_headers(self, delivery: WebhookDelivery) -> SafeString | str:
        return _raw("\n".join(f"{name}: {value}" for name, value in delivery.headers.items()))

    @display(description=gettext_lazy("cuerpo"))
    def sent_body(self, delivery: WebhookDelivery) -> SafeString | str:
        return _raw(_indented(delivery.body))


def _raw(text: str) -> SafeString | str:
    """Somebody else's text, to be read and never obeyed."""
    if not text:
        return "—"
    return format_html('<pre class="cf-raw" tabindex="0">{}</pre>', as_received(text, _LONGEST_BODY))


def _indented(body: str) -> str:
    """JSON indented, anything else as it came."""
    try:
        return json.dumps(json.loads(body), ensure_ascii=False, indent=2)
    except (ValueError, RecursionError):
        return body
