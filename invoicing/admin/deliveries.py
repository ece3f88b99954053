"""Webhooks as they came in: what was believed of them, and what became of them."""

import json
import re
from collections.abc import Mapping
from functools import partial
from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.contrib.filters.admin import DropdownFilter
from unfold.decorators import action, display

from cifras.core.admin.badges import AMBER, BLUE, GREEN, GREY, RED, Badge
from cifras.core.admin.big_list import KeysetChangeList, ReadOnlyBigListAdmin, SearchRoute
from cifras.core.admin.filters import DayRangeFilter, VisibleAutocompleteFilter
from cifras.core.rights import may
from cifras.core.wording import sentence
from invoicing.admin import exports
from invoicing.admin.deeds import actor_of, refusal_of
from invoicing.admin.figures import as_received, stamp
from invoicing.admin.ledger_pages import document_link
from invoicing.models import Document, WebhookDelivery, WebhookProbe
from invoicing.models.document import NAMED
from invoicing.services import inbox

_LONGEST_BODY = 60_000
_MOST_ROWS = 200
_MOST_PROBES = 10
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


class MatchedFilter(DropdownFilter):
    """Whether a document of ours was found for it."""

    title = gettext_lazy("documento")
    parameter_name = "matched"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("yes", gettext_lazy("Con documento")), ("no", gettext_lazy("Sin documento"))]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() not in {"yes", "no"}:
            return queryset
        return queryset.filter(document_uid__isnull=self.value() == "no")


class DeliveryChangeList(KeysetChangeList):
    """Gives every row of the page its document: one query, however long the page."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        name_documents(self.result_list)


@admin.register(WebhookDelivery)
class DeliveryPage(ReadOnlyBigListAdmin):
    """Deliveries, newest first."""

    list_export = exports.DELIVERIES
    list_display = ("received", "tenant", "signed", "condition", "outcome", "word", "document")
    list_display_links = ("received",)
    list_select_related = ("tenant",)
    list_filter = (
        ("tenant", VisibleAutocompleteFilter),
        "state",
        "verdict",
        "effect",
        MatchedFilter,
        ("received_at", DayRangeFilter),
    )
    list_filter_submit = True
    list_before_template = "admin/invoicing/delivery/probes.html"
    actions = ("reprocess_many",)
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
            {
                "fields": (
                    ("received", "ip"),
                    "tenant",
                    ("signed", "condition"),
                    "outcome",
                    "document",
                    "word",
                )
            },
        ),
        (
            gettext_lazy("Qué se hizo"),
            {"fields": (("attempts", "processed"), "next_try", "trace")},
        ),
        (
            gettext_lazy("Lo que llegó"),
            {"fields": ("pac_document_id", "claimed", "sent_headers", "sent_body")},
        ),
    )
    readonly_fields = (
        "received",
        "signed",
        "condition",
        "outcome",
        "document",
        "word",
        "processed",
        "next_try",
        "trace",
        "claimed",
        "sent_headers",
        "sent_body",
    )

    class Media:
        css = {"all": ("cifras/documents.css", "cifras/pages.css")}

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("tenant")

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[KeysetChangeList]:
        return DeliveryChangeList

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        probes = WebhookProbe.objects.visible_to(request.user).select_related("tenant").order_by("-last_at")
        rows = [(probe.tenant, probe.count, stamp(probe.last_at)) for probe in probes[:_MOST_PROBES]]
        return super().changelist_view(request, {"probes": rows} | (extra_context or {}))

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

    @admin.action(description=gettext_lazy("Reprocesar"), permissions=["reprocess"])
    def reprocess_many(self, request: HttpRequest, queryset: Any) -> HttpResponse:
        """Each by itself, and what became of each."""
        chosen = queryset.order_by().values_list("pk", flat=True)[:_MOST_ROWS]
        rows = []
        for delivery in self.get_queryset(request).filter(pk__in=list(chosen)).order_by("pk"):
            refusal = refusal_of(partial(inbox.reprocess, delivery, actor=actor_of(request)))
            rows.append((delivery, self.address_of(delivery), sentence(refusal) if refusal else ""))
        request.current_app = self.admin_site.name
        context = {
            **self.admin_site.each_context(request),
            "title": _("Reprocesar"),
            "opts": self.opts,
            "rows": rows,
            "back": request.get_full_path(),
        }
        return TemplateResponse(request, "admin/invoicing/delivery/reprocessed.html", context)

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

    @display(description=gettext_lazy("efecto"))
    def outcome(self, delivery: WebhookDelivery) -> SafeString:
        return format_html('<span class="cf-wide">{}</span>', effect_of(delivery))

    @display(description=gettext_lazy("documento"))
    def document(self, delivery: Any) -> SafeString | str:
        """The document it was matched with, and the provider's id that it names."""
        if not hasattr(delivery, "named_document"):
            name_documents([delivery])
        named = as_received(delivery.pac_document_id, 60)
        if delivery.named_document is None:
            return named or "—"
        return format_html(
            '{}<span class="cf-small">{}</span>', document_link(delivery.named_document), named
        )

    @display(description=gettext_lazy("dice venir de"))
    def claimed(self, delivery: WebhookDelivery) -> str:
        if not delivery.claimed_user:
            return "—"
        said = as_received(delivery.claimed_user, 64)
        return _("«{user}», según quien lo envió: no se comprueba y nunca cuenta como quien actúa.").format(
            user=said
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


def effect_of(delivery: WebhookDelivery) -> str:
    """What it led to, or why to nothing."""
    if delivery.verdict != WebhookDelivery.Verdict.SIGNED:
        return _("Sin efecto: la firma falta o no es válida. Se guardó y no se le creyó.")
    if delivery.effect:
        return delivery.get_effect_display()
    return {
        WebhookDelivery.State.PARKED: _("Espera: ningún documento nuestro lleva aún ese identificador."),
        WebhookDelivery.State.FAILED: _("Todavía sin efecto: falló, y la traza dice en qué."),
    }.get(WebhookDelivery.State(delivery.state), _("Todavía sin efecto."))


def name_documents(deliveries: list[Any]) -> None:
    """Set `named_document` on deliveries: a document of the delivery's own tenant, or None."""
    uids = {delivery.document_uid for delivery in deliveries if delivery.document_uid}
    documents = Document.objects.filter(uid__in=uids) if uids else Document.objects.none()
    found = {(row.uid, row.tenant_id): row for row in documents.only(*NAMED, "tenant_id")}
    for delivery in deliveries:
        delivery.named_document = found.get((delivery.document_uid, delivery.tenant_id))


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
