"""Every mail about a document: to whom, by which way, and what became of it."""

import re
from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import action, display

from cifras.core.admin.badges import Badge
from cifras.core.admin.big_list import ReadOnlyBigListAdmin, SearchRoute
from cifras.core.admin.filters import VisibleAutocompleteFilter
from cifras.core.rights import may
from invoicing.admin import exports
from invoicing.admin.deeds import actor_of
from invoicing.admin.figures import as_received, stamp
from invoicing.admin.ledger_pages import document_link
from invoicing.admin.mail_shown import MAIL, state_badge
from invoicing.models import DocumentMail
from invoicing.services import mailing


@admin.register(DocumentMail)
class MailPage(ReadOnlyBigListAdmin):
    """Mails, newest first."""

    list_export = exports.MAILS
    list_display = ("asked", "tenant", "what", "to", "way", "condition", "attempts", "left")
    list_display_links = ("asked",)
    list_select_related = ("tenant", "document")
    list_filter = (
        ("tenant", VisibleAutocompleteFilter),
        "state",
        "channel",
        "purpose",
        "is_automatic",
    )
    search_help_text = gettext_lazy("Dirección, o número del documento")
    search_routes = (
        SearchRoute(re.compile(r"\S+@\S+"), "address"),
        SearchRoute(re.compile(r"\d{10}"), "document__number"),
    )
    actions_detail = ("send_again",)
    fieldsets = (
        (None, {"fields": (("asked", "who"), "tenant", "what", ("to", "way"), "words")}),
        (
            gettext_lazy("Qué pasó"),
            {"fields": (("condition", "attempts"), "left", "next_try", "failure", "exchange")},
        ),
    )
    readonly_fields = (
        "asked",
        "who",
        "what",
        "to",
        "way",
        "words",
        "condition",
        "left",
        "next_try",
        "failure",
        "exchange",
    )

    class Media:
        css = {"all": ("cifras/documents.css", "cifras/pages.css")}

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("tenant", "document__tenant")

    def has_send_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return may(request.user, MAIL)

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> Any:
        """Only what did not certainly leave is sent again from here."""
        mail: Any = self.get_object(request, str(object_id))
        if mail is None or mail.state not in {DocumentMail.State.FAILED, DocumentMail.State.UNKNOWN}:
            return []
        return super().get_actions_detail(request, object_id)

    @action(description=gettext_lazy("Enviar de nuevo"), icon="replay", permissions=["send"])
    def send_again(self, request: HttpRequest, object_id: str) -> None:
        mail: Any = self.require_object(request, object_id)
        mailing.retry_mail(mail, actor=actor_of(request))
        self.forget_objects(request)
        messages.success(request, _("El correo volvió a la cola: sale en unos segundos."))

    @display(description=gettext_lazy("pedido"))
    def asked(self, mail: DocumentMail) -> SafeString | str:
        return stamp(mail.created_at)

    @display(description=gettext_lazy("lo pidió"))
    def who(self, mail: DocumentMail) -> Any:
        return mail.requested_name or _("el sistema")

    @display(description=gettext_lazy("qué lleva"))
    def what(self, mail: DocumentMail) -> SafeString:
        return format_html(
            '{}<span class="cf-small">{}</span>', document_link(mail.document), mail.get_purpose_display()
        )

    @display(description=gettext_lazy("para"))
    def to(self, mail: DocumentMail) -> str:
        return as_received(mail.address, 400) or "—"

    @display(description=gettext_lazy("por dónde"))
    def way(self, mail: DocumentMail) -> str:
        return mail.get_channel_display()

    @display(description=gettext_lazy("mensaje"))
    def words(self, mail: DocumentMail) -> SafeString | str:
        return format_html('<span class="cf-typed">{}</span>', mail.message) if mail.message else "—"

    @display(description=gettext_lazy("estado"))
    def condition(self, mail: DocumentMail) -> Badge:
        return state_badge(mail)

    @display(description=gettext_lazy("salió"))
    def left(self, mail: DocumentMail) -> SafeString | str:
        return stamp(mail.sent_at)

    @display(description=gettext_lazy("próximo intento"))
    def next_try(self, mail: DocumentMail) -> SafeString | str:
        return stamp(mail.due_at)

    @display(description=gettext_lazy("qué falló"))
    def failure(self, mail: DocumentMail) -> str:
        return as_received(mail.error, 500) or "—"

    @display(description=gettext_lazy("intercambio"))
    def exchange(self, mail: DocumentMail) -> SafeString | str:
        if not mail.exchange_id:
            return "—"
        address = reverse("admin:tenants_exchange_change", args=[mail.exchange_id])
        return format_html('<a class="cf-link" href="{}">{}</a>', address, mail.exchange_id)
