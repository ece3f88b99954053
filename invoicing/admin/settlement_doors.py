"""The acts on a document's money, and on one that waits in the queue: right, form, one service call, message."""

from datetime import datetime
from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminTextInputWidget

from cifras.core.rights import may
from cifras.core.wording import sentence
from invoicing import services
from invoicing.admin.deeds import actor_of
from invoicing.admin.dialogs import Dialog, DiscardForm, refusals_on
from invoicing.admin.doors import DocumentDoorsMixin
from invoicing.admin.figures import money
from invoicing.admin.foresight import after_settlement
from invoicing.admin.money_deeds import SETTLE
from invoicing.admin.settlement_forms import CertificateForm, MoveForm, ReasonForm, SettleForm
from invoicing.models import Document, Settlement
from invoicing.services import receipts, settling, withholding


class RedateForm(forms.Form):
    """The new date; empty means the moment of sending."""

    issue_date = forms.DateTimeField(
        label=gettext_lazy("Fecha y hora de emisión"),
        help_text=gettext_lazy("En hora de Panamá. Vacía: la hora de ahora."),
        required=False,
        localize=False,
        widget=UnfoldAdminTextInputWidget(attrs={"type": "datetime-local"}),
    )

    def clean_issue_date(self) -> datetime | None:
        given: datetime | None = self.cleaned_data["issue_date"]
        return given.replace(microsecond=0) if given else None


class MoneyDoorsMixin(DocumentDoorsMixin):
    """Settle, reverse, certificate, move; withdraw, redate."""

    def get_urls(self) -> list[Any]:
        name = f"{self.opts.app_label}_{self.opts.model_name}"
        whole: dict[str, Any] = {
            "settle": self.guarded_view(self.settle_view),
            "move_money": self.guarded_view(self.move_money_view),
            "withdraw": self.guarded_view(self.withdraw_view),
            "redate": self.guarded_view(self.redate_view),
        }
        single: dict[str, Any] = {
            "reverse": self.guarded_view(self.reverse_view),
            "certificate": self.guarded_view(self.certificate_view),
        }
        return [
            *(
                path(f"<path:object_id>/{word.replace('_', '-')}/", door, name=f"{name}_{word}")
                for word, door in whole.items()
            ),
            *(
                path(
                    f"<path:object_id>/settlements/<uuid:settlement_uid>/{word}/",
                    door,
                    name=f"{name}_settlement_{word}",
                )
                for word, door in single.items()
            ),
            *super().get_urls(),
        ]

    def settle_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Record a movement; what a person should see first is shown before it is recorded."""
        document = self._for_money(request, object_id)
        is_posted = request.method == "POST"
        form = SettleForm(*((request.POST, request.FILES) if is_posted else ()), document=document)
        dialog = Dialog(title=_("Registrar movimiento"), submit=_("Registrar"))
        cautions: list[str] = []
        if form.is_valid():
            said = form.cleaned_data
            outlook = settling.outlook(document, kind=said["kind"], amount=said["amount"])
            cautions = [sentence(each) for each in outlook.cautions]
            if not cautions or said["confirmed"]:
                with refusals_on(form):
                    row = _recorded(document, said, actor_of(request))
                    text = _("Registrado: {kind} de {amount}.").format(
                        kind=row.get_kind_display(), amount=money(row.amount, document.currency)
                    )
                    return self._done(request, document, text)
            else:
                dialog.consequences.extend(after_settlement(document, outlook))
                dialog.warnings.extend(cautions)
                if request.FILES:
                    dialog.warnings.append(_("Elija otra vez el archivo del certificado antes de registrar."))
        if not cautions:
            form.without_confirmation()
        return self._dialog_page(request, document, dialog, form)

    def reverse_view(self, request: HttpRequest, object_id: str, settlement_uid: Any) -> HttpResponse:
        """Take a movement back; the row stays."""
        document = self._for_money(request, object_id)
        row = _movement_of(document, settlement_uid)
        form = ReasonForm(request.POST if request.method == "POST" else None)
        if form.is_valid():
            with refusals_on(form):
                services.reverse_settlement(
                    row.uid, reason=form.cleaned_data["reason"], actor=actor_of(request)
                )
                return self._done(
                    request, document, _("Revertido: el movimiento queda a la vista y ya no cuenta.")
                )
        consequences = [
            _("{kind} de {amount} deja de contar; queda en la lista con quién y por qué.").format(
                kind=row.get_kind_display(), amount=money(row.amount, document.currency)
            )
        ]
        if len(receipts.pair_of(row)) > 1:
            consequences.append(_("Pasó entre dos documentos: se revierte en los dos."))
        dialog = Dialog(
            title=_("Revertir movimiento"), submit=_("Revertir"), variant="danger", consequences=consequences
        )
        return self._dialog_page(request, document, dialog, form)

    def certificate_view(self, request: HttpRequest, object_id: str, settlement_uid: Any) -> HttpResponse:
        """Write down the certificate of a withholding."""
        document = self._for_money(request, object_id)
        row = _movement_of(document, settlement_uid)
        known = {
            "certificate_number": row.certificate_number,
            "certificate_date": row.certificate_date.isoformat() if row.certificate_date else "",
        }
        is_sent = request.method == "POST"
        form = CertificateForm(
            request.POST if is_sent else None, request.FILES if is_sent else None, initial=known
        )
        if form.is_valid():
            with refusals_on(form):
                withholding.complete_certificate(
                    row.uid,
                    number=form.cleaned_data["certificate_number"],
                    day=form.cleaned_data["certificate_date"],
                    upload=form.cleaned_data["certificate"],
                    actor=actor_of(request),
                )
                return self._done(request, document, _("Certificado de retención registrado."))
        dialog = Dialog(title=_("Certificado de retención"), submit=_("Guardar"))
        return self._dialog_page(request, document, dialog, form)

    def move_money_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Pass what is owed back on to another invoice of the same receiver."""
        document = self._for_money(request, object_id)
        due = settling.business(document).refund_due
        form = MoveForm(request.POST if request.method == "POST" else None, initial={"amount": f"{due:f}"})
        if form.is_valid():
            with refusals_on(form):
                _gone, arrived = services.move_money(
                    document.uid,
                    form.cleaned_data["target"],
                    amount=form.cleaned_data["amount"],
                    actor=actor_of(request),
                )
                text = _("{amount} pasaron a {document}.").format(
                    amount=money(arrived.amount, document.currency), document=arrived.document
                )
                return self._done(request, document, text)
        consequences = [
            _("Aquí queda como devolución y allá como anticipo; juntos se revierten."),
            _("Por devolver ahora: {amount}.").format(amount=money(due, document.currency)),
        ]
        dialog = Dialog(title=_("Pasar saldo a otra factura"), submit=_("Pasar"), consequences=consequences)
        return self._dialog_page(request, document, dialog, form)

    def withdraw_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Back to a draft, with its number."""
        document = self._permitted(request, object_id, "issue")
        form = DiscardForm(request.POST if request.method == "POST" else None)
        if form.is_valid():
            with refusals_on(form):
                services.withdraw_document(
                    document.uid, actor=actor_of(request), reason=form.cleaned_data["reason"]
                )
                return self._done(request, document, _("Retirado de la cola: es un borrador con su número."))
        consequences = [
            _("Consta que no llegó al PAC. Vuelve a ser un borrador que se puede editar."),
            _("Conserva el número {number} y lo lleva cuando se emita.").format(number=document.number),
        ]
        dialog = Dialog(title=_("Retirar de la cola"), submit=_("Retirar"), consequences=consequences)
        return self._dialog_page(request, document, dialog, form)

    def redate_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Another date, with the same number."""
        document = self._permitted(request, object_id, "issue")
        form = RedateForm(request.POST if request.method == "POST" else None)
        if form.is_valid():
            with refusals_on(form):
                services.redate_document(
                    document.uid, issue_date=form.cleaned_data["issue_date"], actor=actor_of(request)
                )
                return self._done(request, document, _("Fecha cambiada: sigue en cola con el mismo número."))
        consequences = [
            _("Consta que no llegó al PAC. Se prepara de nuevo con la fecha que elija y el mismo número."),
            _("El plazo para anular corre desde la fecha de emisión."),
        ]
        dialog = Dialog(title=_("Cambiar la fecha"), submit=_("Cambiar"), consequences=consequences)
        return self._dialog_page(request, document, dialog, form)

    def _for_money(self, request: HttpRequest, object_id: str) -> Any:
        document: Any = self.require_object(request, object_id)
        if not may(request.user, SETTLE):
            raise PermissionDenied
        return document


def _recorded(document: Document, said: dict[str, Any], actor: Any) -> Settlement:
    return services.record_settlement(
        document.uid,
        kind=said["kind"],
        amount=said["amount"],
        day=said["day"],
        method=said["method"],
        note=said["note"],
        certificate_number=said.get("certificate_number", ""),
        certificate_date=said.get("certificate_date"),
        certificate_file=said.get("certificate"),
        confirmed=said["confirmed"],
        uid=said["token"],
        actor=actor,
    )


def _movement_of(document: Document, uid: Any) -> Settlement:
    """The movement, of this document; else there is no such page."""
    row = document.settlements.filter(uid=uid).first()
    if row is None:
        raise Http404
    return row
