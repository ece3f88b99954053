"""The pages on which persons settle what nobody knows: right, form, one service call, message. A GET changes nothing."""

from functools import partial
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminFileFieldWidget, UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from cifras.core import proposals
from cifras.core.admin.staff_admin import StaffAdmin
from cifras.core.rights import may
from invoicing.admin import comparison
from invoicing.admin.assets import ASSETS
from invoicing.admin.deeds import actor_of, right
from invoicing.admin.dialogs import refusals_on
from invoicing.admin.document_page import raw
from invoicing.admin.figures import money
from invoicing.admin.verdict_subjects import ASK_AGAIN, LEGAL_KEEP, LOOK_UP, SUBJECTS, Choice, Subject
from invoicing.models import Document
from invoicing.services import legal_verdicts, unknown_verdicts, verdicts, watching
from invoicing.services.proofs import MOST_BYTES
from invoicing.services.verdicts import DECIDE, OVERRULE, Verdict
from tenants.models import Tenant

VERDICT_PAGE = "admin/invoicing/document/verdict/page.html"


class VerdictForm(forms.Form):
    """Which answer, why, and the proof of it. Which fields an answer needs is the answer's business."""

    choice = forms.ChoiceField(label=gettext_lazy("Decisión"))
    pac_id = forms.CharField(
        label=gettext_lazy("Identificador en el PAC"),
        max_length=255,
        required=False,
        widget=UnfoldAdminTextInputWidget,
    )
    cufe = forms.CharField(
        label=gettext_lazy("O su CUFE"), max_length=66, required=False, widget=UnfoldAdminTextInputWidget
    )
    reason = forms.CharField(
        label=gettext_lazy("Motivo: qué consta y dónde se vio"),
        required=False,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 4, "data-counter": "reason-counter"}),
    )
    evidence = forms.FileField(
        label=gettext_lazy("Prueba (PDF, PNG, JPEG, TXT o EML)"),
        required=False,
        widget=UnfoldAdminFileFieldWidget(attrs={"accept": ".pdf,.png,.jpg,.jpeg,.txt,.eml"}),
    )

    def __init__(self, *args: Any, choices: list[Choice], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offered = [each for each in choices if not each.why_not]
        choice: Any = self.fields["choice"]
        choice.choices = [(each.word, each.label) for each in offered]
        if len(offered) == 1:
            choice.initial = offered[0].word
        wanted = {"choice"}.union(*(each.needs for each in offered)) if offered else set()
        for name in set(self.fields) - wanted:
            del self.fields[name]

    @property
    def written(self) -> int:
        """How many characters of the reason stand there already, blanks at the ends aside."""
        return len((self["reason"].value() or "").strip()) if "reason" in self.fields else 0


class VerdictDoorsMixin(StaffAdmin):
    """One page per doubt: unconfirmed, conflict, contrary news, void."""

    def get_urls(self) -> list[Any]:
        name = f"{self.opts.app_label}_{self.opts.model_name}"
        doors: dict[str, Any] = {
            subject.name: self.guarded_view(_named(partial(self.verdict_view, subject=subject)))
            for subject in SUBJECTS.values()
        }
        return [
            path(f"<path:object_id>/{word.replace('_', '-')}/", door, name=f"{name}_{word}")
            for word, door in doors.items()
        ] + super().get_urls()

    def verdict_view(self, request: HttpRequest, object_id: str, subject: Subject) -> HttpResponse | None:
        """What is known on both sides, the answers that are possible, and the form for one of them."""
        document = self._decided_by(request, object_id)
        subject.fits(document)
        choices = subject.choices(document, request.user)
        form = VerdictForm(
            *((request.POST, request.FILES) if request.method == "POST" else ()), choices=choices
        )
        if "choice" in form.fields and form.is_valid():
            with refusals_on(form):
                messages.success(request, _carry(document, form.cleaned_data, request))
                return HttpResponseRedirect(self.address_of(document))
        return self._verdict_page(request, document, subject, choices, form)

    def _decided_by(self, request: HttpRequest, object_id: str) -> Any:
        document: Any = self.require_object(request, object_id)
        may_look = any(may(request.user, right(document, deed)) for deed in ("view", "change"))
        if not may_look or not any(may(request.user, each) for each in (DECIDE, OVERRULE)):
            raise PermissionDenied
        return document

    def _verdict_page(
        self,
        request: HttpRequest,
        document: Document,
        subject: Subject,
        choices: list[Choice],
        form: VerdictForm,
    ) -> HttpResponse:
        request.current_app = self.admin_site.name
        chosen = str(form["choice"].value() or "") if "choice" in form.fields else ""
        context = {
            **self.admin_site.each_context(request),
            "title": f"{subject.title}: {document}",
            "opts": self.opts,
            "original": document,
            "document": document,
            "assets": ASSETS,
            "subject": subject,
            "total": money(document.total, document.currency),
            "is_sandbox": document.environment == Tenant.Environment.SANDBOX,
            "facts": comparison.facts_of(document, subject.name),
            "rows": comparison.rows_of(document) if subject.name == "conflict" else [],
            "received": raw(comparison.received(document, subject.name)),
            "choices": [(each, each.word == chosen) for each in choices],
            "chosen": chosen,
            "form": form,
            "minimum": proposals.SHORTEST_REASON,
            "maximum": proposals.LONGEST_REASON,
            "most_megabytes": MOST_BYTES // (1024 * 1024),
            "waiting": proposals.open_proposal(document.uid),
            "back": self.address_of(document),
        }
        return TemplateResponse(request, VERDICT_PAGE, context)


def _carry(document: Document, given: dict[str, Any], request: HttpRequest) -> str:
    """One service call for the chosen answer; the sentence that tells what happened."""
    actor, reason, choice = actor_of(request), given.get("reason", ""), given["choice"]
    if choice == ASK_AGAIN:
        watching.look_now(document, actor=actor)
        return _("Se consulta al PAC en seguida; la página sigue el resultado.")
    if choice == LOOK_UP:
        found = unknown_verdicts.settle_by_look_up(
            document.uid, pac_id=given["pac_id"], cufe=given["cufe"], reason=reason, actor=actor
        )
        if found.flag:
            return _("El PAC tiene otro documento con ese número: compárelos y decida.")
        return _("El PAC lo tiene y es este documento: queda recibido y se sigue hasta la DGI.")
    if choice == LEGAL_KEEP:
        legal_verdicts.keep_legal(document.uid, reason=reason, actor=actor)
        return _("Se mantiene el estado que constaba; la noticia contraria queda en su historia.")
    proposal = verdicts.give_verdict(
        document.uid, Verdict(choice), reason=reason, actor=actor, upload=given.get("evidence")
    )
    if proposal is None:
        return _("Decidido. Queda en la línea de tiempo y en la auditoría.")
    return _("Propuesto. Falta que otra persona lo apruebe: aparece en «Por aprobar» y en esta página.")


def _named(view: Any) -> Any:
    """A partial with the name that a wrapped view is expected to have."""
    view.__name__ = "verdict_view"
    return view
