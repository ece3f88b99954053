"""Corrections of issued documents: the list, and a page that shows the steps, follows them, and can be left and found again."""

from dataclasses import dataclass
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.contrib.filters.admin import DropdownFilter
from unfold.decorators import display

from cifras.core.admin.badges import AMBER, BLUE, GREEN, GREY, RED, Badge
from cifras.core.admin.big_list import ReadOnlyBigListAdmin
from cifras.core.admin.filters import VisibleAutocompleteFilter
from cifras.core.wording import sentence
from cifras.fiscal.errors import RuleBroken
from cifras.fiscal.lifecycle import Submission, VoidStatus
from invoicing import services
from invoicing.admin import exports
from invoicing.admin.assets import ASSETS
from invoicing.admin.badges import legal_badge
from invoicing.admin.correction_deeds import may_correct
from invoicing.admin.deeds import actor_of
from invoicing.admin.dialogs import refusals_on
from invoicing.admin.document_summary import address_of
from invoicing.admin.figures import as_received, moment, money, stamp
from invoicing.admin.settlement_forms import ReasonForm
from invoicing.admin.words import words_of
from invoicing.models import Correction, Document, TimelineEvent
from invoicing.models.choices import MoneyAnswer
from invoicing.services import correcting, replacing

PAGE = "admin/invoicing/correction/page.html"
_STATES = {
    Correction.State.OPEN: Badge(gettext_lazy("En curso"), "sync", BLUE),
    Correction.State.DONE: Badge(gettext_lazy("Terminada"), "task_alt", GREEN),
    Correction.State.STOPPED: Badge(gettext_lazy("Detenida"), "front_hand", GREY),
}
_VOID = {
    VoidStatus.REQUESTED: Badge(gettext_lazy("En curso"), "sync", BLUE),
    VoidStatus.UNKNOWN: Badge(gettext_lazy("Sin confirmar"), "help", AMBER),
    VoidStatus.REFUSED: Badge(gettext_lazy("Rechazada"), "cancel", RED),
    VoidStatus.VOIDED: Badge(gettext_lazy("Hecho"), "task_alt", GREEN),
}
_WAITS = Badge(gettext_lazy("Espera"), "schedule", GREY)
_TO_DO = Badge(gettext_lazy("Por hacer"), "pending", AMBER)
_DONE = Badge(gettext_lazy("Hecho"), "task_alt", GREEN)


@dataclass(frozen=True, slots=True)
class Step:
    """One step: what it is, how it stands, and the document it is about."""

    title: str
    text: str
    badge: Badge
    document: Document | None = None

    @property
    def address(self) -> str:
        return address_of(self.document) if self.document else ""

    @property
    def label(self) -> str:
        """The document's name; a draft has none yet."""
        is_nameless = self.document is not None and not self.document.number
        return _("Ver el borrador") if is_nameless else str(self.document)


class StateFilter(DropdownFilter):
    """In course, done, stopped."""

    title = gettext_lazy("estado")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return list(Correction.State.choices)

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.filter(state=self.value()) if self.value() in Correction.State.values else queryset


@admin.register(Correction)
class CorrectionAdmin(ReadOnlyBigListAdmin):
    """Corrections: what is in course first comes from the filter; the newest first."""

    list_export = exports.CORRECTIONS
    list_display = ("what", "tenant", "way", "standing", "replaced_by", "begun")
    list_select_related = ("tenant", "original__tenant", "replacement")
    list_filter = (("tenant", VisibleAutocompleteFilter), StateFilter)

    class Media:
        css = {"all": ("cifras/documents.css",)}

    def get_queryset(self, request: HttpRequest) -> Any:
        family = ("tenant", "original__tenant", "original__office", "replacement", "credit", "started_by")
        return super().get_queryset(request).select_related(*family)

    def get_urls(self) -> list[Any]:
        doors: dict[str, Any] = {
            "again": self.guarded_view(self.again_view),
            "automatic": self.guarded_view(self.automatic_view),
            "stop": self.guarded_view(self.stop_view),
        }
        return [
            path(f"<path:object_id>/{name}/", door, name=f"invoicing_correction_{name}")
            for name, door in doors.items()
        ] + super().get_urls()

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        correction: Any = self.require_object(request, object_id)
        if not self.has_view_permission(request, correction):
            raise PermissionDenied
        return self._page(request, correction)

    def again_view(self, request: HttpRequest, object_id: str) -> HttpResponse | None:
        """Take the step that failed once more."""
        correction = self._steered(request, object_id)
        if request.method == "POST":
            correcting.try_again(correction.uid, actor=actor_of(request))
            messages.info(request, _("Se intenta de nuevo; la página sigue el resultado."))
        return None

    def automatic_view(self, request: HttpRequest, object_id: str) -> HttpResponse | None:
        """Let the replacement go out by itself, or not."""
        correction = self._steered(request, object_id)
        if request.method == "POST":
            wanted = request.POST.get("on") == "1"
            correcting.set_automatic(correction.uid, issues_itself=wanted, actor=actor_of(request))
        return None

    def stop_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Go no further."""
        correction = self._steered(request, object_id)
        form = ReasonForm(request.POST if request.method == "POST" else None)
        if form.is_valid():
            with refusals_on(form):
                services.stop_correction(
                    correction.uid, reason=form.cleaned_data["reason"], actor=actor_of(request)
                )
                messages.success(request, _("Corrección detenida. El original queda como está."))
                return HttpResponseRedirect(self.address_of(correction))
        return self._page(request, correction, form)

    def _steered(self, request: HttpRequest, object_id: str) -> Any:
        correction: Any = self.require_object(request, object_id)
        if not may_correct(request.user):
            raise PermissionDenied
        return correction

    def _page(
        self, request: HttpRequest, correction: Correction, form: ReasonForm | None = None
    ) -> HttpResponse:
        """The page; with a form it asks why it is stopped, and then does not follow."""
        request.current_app = self.admin_site.name
        is_open = correction.state == Correction.State.OPEN
        obstacle = correcting.obstacle_of(correction)
        draft = correction.replacement
        is_draft = draft is not None and draft.submission == Submission.DRAFT
        context = {
            **self.admin_site.each_context(request),
            "title": str(correction),
            "opts": self.opts,
            "original": correction,
            "correction": correction,
            "assets": ASSETS,
            "badge": _STATES[Correction.State(correction.state)],
            "steps": steps_of(correction),
            "obstacle": sentence(obstacle) if obstacle else "",
            "may_again": _may_again(correction, obstacle),
            "started": moment(correction.started_at),
            "ended": moment(correction.ended_at) if correction.ended_at else "",
            "original_address": address_of(correction.original),
            "form": form,
            "steers": is_open and may_correct(request.user),
            "is_draft": is_draft,
            "draft_address": address_of(draft) if draft else "",
            "follows": is_open and form is None,
            "said": _refusal_words(correction) if obstacle else "",
            "page_address": self.address_of(correction),
        }
        return TemplateResponse(request, PAGE, context)

    @display(description=gettext_lazy("corrección"))
    def what(self, row: Correction) -> str:
        return str(row)

    @display(description=gettext_lazy("estado"))
    def standing(self, row: Correction) -> SafeString:
        return format_html('<span class="cf-badges">{}</span>', _STATES[Correction.State(row.state)])

    @display(description=gettext_lazy("la que la reemplaza"))
    def replaced_by(self, row: Correction) -> str:
        return str(row.replacement) if row.replacement else "—"

    @display(description=gettext_lazy("iniciada"))
    def begun(self, row: Correction) -> SafeString | str:
        return stamp(row.started_at)


def _refusal_words(correction: Correction) -> str:
    """What the provider said when it refused the void, as received."""
    original = correction.original
    answer = original.void_answer if isinstance(original.void_answer, dict) else {}
    return as_received(answer.get("provider") or "") if original.void_status == VoidStatus.REFUSED else ""


def _may_again(correction: Correction, obstacle: RuleBroken | None) -> bool:
    """Whether trying again helps; a rejected replacement is mended on its own page."""
    if obstacle:
        return obstacle.code != "replacement_rejected"
    return bool(correction.problems)


def steps_of(correction: Correction) -> list[Step]:
    """The steps in their order, each read from its document."""
    found = [_effect(correction), _mending(correction), _issue(correction)]
    return [*found, *_money(correction)]


def _effect(correction: Correction) -> Step:
    original, note = correction.original, correction.credit
    if correction.way == Correction.Way.CREDIT and note:
        title = _("Nota de crédito por {amount}").format(amount=money(note.total, note.currency))
        text = _("Deja sin efecto a {document}, a nombre del mismo receptor.").format(document=original)
        return Step(title, text, legal_badge(note), note)
    badge = _VOID.get(VoidStatus(original.void_status), _TO_DO)
    text = str(words_of(original).void_step)
    return Step(_("Anular {document}").format(document=original), text, badge, original)


def _mending(correction: Correction) -> Step:
    draft, title = correction.replacement, _("Corregir el borrador que la reemplaza")
    if draft is None or draft.submission == Submission.DISCARDED:
        return Step(title, _("El borrador se descartó."), Badge(_("Falta"), "warning", RED))
    if draft.submission != Submission.DRAFT:
        return Step(title, _("Ya se emitió como quedó."), _DONE, draft)
    edit = TimelineEvent.objects.filter(document_uid=draft.uid, code="edited").first()
    if edit:
        return Step(title, _("Se corrigió el {at}.").format(at=moment(edit.at)), _DONE, draft)
    return Step(title, _("Es igual al original: ábralo y cambie lo que estaba mal."), _TO_DO, draft)


def _issue(correction: Correction) -> Step:
    draft, title = correction.replacement, _("Emitir la nueva")
    if draft and draft.submission not in {Submission.DRAFT, Submission.DISCARDED}:
        return Step(
            title, _("Con el número {number}.").format(number=draft.printed_number), legal_badge(draft), draft
        )
    if correction.problems:
        text = " ".join(str(problem.get("message", "")) for problem in correction.problems)
        return Step(title, text, Badge(_("No se pudo"), "warning", RED), draft)
    if not replacing.is_over(correction.original):
        return Step(title, _("Espera a que el original quede sin efecto."), _WAITS, draft)
    if correction.issues_itself:
        return Step(title, _("Se emite por sí sola en seguida."), Badge(_("En curso"), "sync", BLUE), draft)
    return Step(title, _("Lista: emítala desde su página, o pida que se emita por sí sola."), _TO_DO, draft)


def _money(correction: Correction) -> list[Step]:
    original, title = correction.original, _("Dinero recibido")
    if correction.money in {MoneyAnswer.MOVE, MoneyAnswer.REFUND}:
        label = str(MoneyAnswer(correction.money).label)
        is_done = replacing.is_over(original) and original.settled_total <= 0
        return [Step(title, label, _DONE if is_done else _WAITS, original)]
    if original.settled_total > 0:
        text = _("{amount}: queda por devolver, o como saldo a favor, cuando el original pierda su efecto.")
        amount = money(original.settled_total, original.currency)
        return [Step(title, text.format(amount=amount), _WAITS, original)]
    return []
