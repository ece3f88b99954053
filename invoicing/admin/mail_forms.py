"""What is asked before a mail is queued: to whom, by which way, what to say. The services judge it."""

import uuid
from typing import Any

from django import forms
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import (
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanWidget,
)

from cifras.core.wording import sentence
from invoicing.admin.deeds import refusal_of
from invoicing.admin.dialogs import Dialog
from invoicing.admin.mail_shown import in_words
from invoicing.admin.words import words_of
from invoicing.models import Document, DocumentMail
from invoicing.services import mailing
from invoicing.services.mail_words import LONGEST_MESSAGE, addresses_of
from tenants.services.accounts import provider_spec

_AT_LEAST_ONCE = gettext_lazy(
    "Si no se puede confirmar que salió, se repite: el receptor puede recibirlo más de una vez."
)


def _message_field(label: Any, *, required: bool = False) -> forms.CharField:
    widget = UnfoldAdminTextareaWidget(attrs={"rows": 3, "maxlength": LONGEST_MESSAGE})
    return forms.CharField(label=label, required=required, widget=widget)


class TokenForm(forms.Form):
    """Its token makes a form that is sent twice one mail."""

    token = forms.UUIDField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["token"].initial = uuid.uuid4()


class MailForm(TokenForm):
    """One address, and a text that goes along."""

    address = forms.CharField(
        label=gettext_lazy("Para (una dirección)"),
        required=False,
        widget=UnfoldAdminTextInputWidget(attrs={"type": "email", "autocomplete": "off", "maxlength": 50}),
    )
    channel = forms.ChoiceField(label=gettext_lazy("Por dónde"), widget=UnfoldAdminSelectWidget)
    message = _message_field(gettext_lazy("Mensaje (opcional, solo texto)"))
    save_to_receiver = forms.BooleanField(
        label=gettext_lazy("Guardar la dirección en el receptor"), required=False, widget=UnfoldBooleanWidget
    )

    def __init__(self, *args: Any, document: Document, may_save: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["address"].initial = next(iter(addresses_of(document)), "")
        ways = dict(DocumentMail.Channel.choices)
        channel: Any = self.fields["channel"]
        channel.choices = [(way, capfirst(ways[way])) for way in mailing.channels_of(document)]
        if len(channel.choices) < 2:
            del self.fields["channel"]
        if not may_save or document.receiver_id is None:
            del self.fields["save_to_receiver"]


class NoticeForm(TokenForm):
    """How the receiver is told: by our own mail, or already by other means."""

    BY_MAIL, ELSEWHERE = "mail", "elsewhere"

    how = forms.ChoiceField(label=gettext_lazy("Cómo"), widget=UnfoldAdminSelectWidget)
    addresses = forms.CharField(
        label=gettext_lazy("Para (separadas por comas)"),
        required=False,
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off"}),
    )
    message = _message_field(gettext_lazy("Mensaje; o cómo y cuándo se le avisó"))

    def __init__(self, *args: Any, document: Document, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(self.ELSEWHERE, _("Ya se le avisó por otro medio"))]
        if mailing.sends_own_mail():
            choices.insert(0, (self.BY_MAIL, _("Enviarle un correo «documento sin validez»")))
            self.fields["addresses"].initial = ", ".join(mailing.delivered_to(document))
        else:
            del self.fields["addresses"]
        how: Any = self.fields["how"]
        how.choices = choices


def mail_dialog(document: Document) -> Dialog:
    """What will leave, by which way, and what left last."""
    title = _("Enviar por correo")
    refusal = refusal_of(lambda: mailing.require_mailable(document))
    if refusal:
        return Dialog(title=title, obstacle=sentence(refusal))
    provider = provider_spec(document.provider).name
    said: dict[str, str] = {
        DocumentMail.Channel.PAC: _("Por el PAC, {provider} envía el PDF en su propio correo."),
        DocumentMail.Channel.OWN: _("Desde Cifras sale nuestro correo con el PDF adjunto."),
    }
    ways = [said[way].format(provider=provider) for way in mailing.channels_of(document)]
    last = document.mails.first()
    before = [_("Último correo: {mail}.").format(mail=in_words(last))] if last else []
    return Dialog(title=title, submit=_("Enviar"), consequences=[*ways, str(_AT_LEAST_ONCE), *before])


def notice_dialog(document: Document) -> Dialog:
    """What the receiver will read, and that it closes the matter."""
    title = _("Avisar al receptor")
    refusal = refusal_of(lambda: mailing.require_invalid(document))
    if refusal:
        return Dialog(title=title, obstacle=sentence(refusal))
    consequences = [
        str(words_of(document).mail_void),
        _(
            "Con el aviso enviado, o con la constancia, el documento sale de la lista de lo que hay que atender."
        ),
    ]
    return Dialog(title=title, submit=_("Avisar"), consequences=consequences)
