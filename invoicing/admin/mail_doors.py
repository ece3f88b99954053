"""Mailing a document, telling its receiver that it is void, asking for its webhook, and taking its evidence out."""

from dataclasses import replace
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.urls import path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cifras.core.rights import may
from cifras.core.wording import sentence
from invoicing import services
from invoicing.admin.bulk import CONFIRMED, BulkDoorsMixin, Row
from invoicing.admin.deeds import actor_of, refusal_of, right
from invoicing.admin.dialogs import refusals_on
from invoicing.admin.doors import DocumentDoorsMixin
from invoicing.admin.mail_forms import MailForm, NoticeForm, mail_dialog, notice_dialog
from invoicing.admin.mail_shown import MAIL
from invoicing.models import Document
from invoicing.services import mailing
from invoicing.services.evidence import evidence_pack
from invoicing.services.mail_words import addresses_of, clean_address

EXPORT = "invoicing.export_document"


class MailDoorsMixin(DocumentDoorsMixin, BulkDoorsMixin):
    """The doors about mails, webhooks and evidence, on one document and on many."""

    def get_urls(self) -> list[Any]:
        doors: dict[str, Any] = {
            "mail": self.guarded_view(self.mail_view),
            "notice": self.guarded_view(self.notice_view),
            "webhook": self.guarded_view(self.webhook_view),
            "evidence": self.guarded_view(self.evidence_view),
        }
        name = f"{self.opts.app_label}_{self.opts.model_name}"
        return [
            path(f"<path:object_id>/{door}/", view, name=f"{name}_{door}") for door, view in doors.items()
        ] + super().get_urls()

    def mail_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        document = self._with_right(request, object_id, MAIL)
        form = MailForm(
            request.POST if request.method == "POST" else None,
            document=document,
            may_save=may(request.user, "invoicing.change_receiver"),
        )
        if form.is_valid():
            given = form.cleaned_data
            with refusals_on(form):
                mail = services.resend_document_email(
                    document.uid,
                    actor=actor_of(request),
                    address=given["address"],
                    message=given["message"],
                    save_to_receiver=given.get("save_to_receiver", False),
                    channel=given.get("channel", ""),
                    uid=given["token"],
                )
                text = _("Correo en cola para {address}: sale en seguida y el resultado aparece aquí.")
                return self._done(request, document, text.format(address=mail.address))
        return self._dialog_page(request, document, mail_dialog(document), form)

    def notice_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        document = self._with_right(request, object_id, MAIL)
        form = NoticeForm(request.POST if request.method == "POST" else None, document=document)
        if form.is_valid():
            given, actor = form.cleaned_data, actor_of(request)
            with refusals_on(form):
                if given["how"] == NoticeForm.ELSEWHERE:
                    mailing.settle_notice(document.uid, actor=actor, reason=given["message"])
                    text = _("Quedó constancia de que el receptor ya lo sabe.")
                else:
                    mailing.send_notice(
                        document.uid,
                        actor=actor,
                        addresses=given["addresses"],
                        message=given["message"],
                        uid=given["token"],
                    )
                    text = _("Aviso en cola: sale en seguida.")
                return self._done(request, document, text)
        return self._dialog_page(request, document, notice_dialog(document), form)

    def webhook_view(self, request: HttpRequest, object_id: str) -> HttpResponse | None:
        document = self._permitted(request, object_id, "change")
        if request.method == "POST":
            services.request_webhook(document.uid, actor=actor_of(request))
            messages.info(request, _("Se pide al PAC que repita el webhook; llega en unos segundos."))
        return None

    def evidence_view(self, request: HttpRequest, object_id: str) -> HttpResponseBase | None:
        """The document's evidence as a ZIP, written while it leaves. Only by POST, since it is audited."""
        document = self._with_right(request, object_id, EXPORT)
        if request.method != "POST":
            return None
        pack = evidence_pack(
            document.uid,
            actor=actor_of(request),
            with_exchanges=may(request.user, "tenants.view_exchange"),
            with_audit=may(request.user, "core.view_auditentry"),
        )
        return StreamingHttpResponse(
            pack.content,
            content_type="application/zip",
            headers={
                "Content-Disposition": f'attachment; filename="{pack.filename}"',
                "Content-Security-Policy": "default-src 'none'; sandbox; frame-ancestors 'none'",
            },
        )

    def has_mail_permission(self, request: HttpRequest) -> bool:
        return may(request.user, MAIL)

    @admin.action(description=gettext_lazy("Enviar por correo…"), permissions=["mail"])
    def bulk_email(self, request: HttpRequest, queryset: Any) -> HttpResponse:
        rows = [self._mail_row(document) for document in self._chosen(request, queryset)]
        title = _("Enviar por correo")
        if CONFIRMED not in request.POST:
            return self._dry_run(request, "bulk_email", title, rows)
        return self._report(
            request,
            title,
            rows,
            lambda document: services.resend_document_email(document.uid, actor=actor_of(request)),
            lambda _mail: _("En cola"),
        )

    def _mail_row(self, document: Any) -> Row:
        address = next(iter(addresses_of(document)), "")
        refusal = refusal_of(lambda: mailing.require_mailable(document)) or refusal_of(
            lambda: clean_address(address)
        )
        if refusal:
            return self._row(document, sentence(refusal))
        return replace(self._row(document, ""), outcome=_("Sí, a {address}").format(address=address))

    def _with_right(self, request: HttpRequest, object_id: str, permission: str) -> Any:
        """The document, for somebody who may look at its kind and holds `permission`."""
        document: Document = self.require_object(request, object_id)  # type: ignore[assignment]
        if not (may(request.user, permission) and may(request.user, right(document, "view"))):
            raise PermissionDenied
        return document
