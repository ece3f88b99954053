"""What waits for a second person, and the doors through which it is approved, refused or withdrawn."""

from collections.abc import Callable
from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.contrib.filters.admin import DropdownFilter
from unfold.decorators import display
from unfold.widgets import UnfoldAdminTextareaWidget

from cifras.core import proposals
from cifras.core.admin import exports
from cifras.core.admin.badges import AMBER, GREEN, GREY, RED, Badge
from cifras.core.admin.staff_admin import ReadOnlyStaffAdmin
from cifras.core.models import Proposal, Staff
from cifras.core.rights import may
from cifras.core.sign_in.step_up import require_fresh
from cifras.core.wording import sentence
from cifras.fiscal.errors import RuleBroken

DECISION_PAGE = "admin/core/proposal_decision.html"
_BADGES = {
    Proposal.State.OPEN: ("pending", AMBER),
    Proposal.State.APPROVED: ("check_circle", GREEN),
    Proposal.State.REFUSED: ("cancel", RED),
    Proposal.State.WITHDRAWN: ("undo", GREY),
}


class StateFilter(DropdownFilter):
    """Those that wait, unless somebody asks for others."""

    title = gettext_lazy("estado")
    parameter_name = "state"
    all_option = ["all", gettext_lazy("Todas")]

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return list(Proposal.State.choices)

    def value(self) -> str:
        return super().value() or Proposal.State.OPEN.value

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.filter(state=self.value()) if self.value() in Proposal.State.values else queryset


class NoteForm(forms.Form):
    """What the person who decides has to say."""

    note = forms.CharField(
        label=gettext_lazy("Nota (opcional)"),
        max_length=proposals.LONGEST_REASON,
        required=False,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
    )


class RefusalForm(NoteForm):
    """A refusal says why."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["note"].label = _("Por qué no")
        self.fields["note"].required = True


@admin.register(Proposal)
class ProposalPage(ReadOnlyStaffAdmin):
    """Proposals, those that wait first, each with its reason and evidence."""

    list_export = exports.PROPOSALS
    list_display = ("condition", "what", "thing", "proposer", "proposed", "reason_given")
    list_display_links = ("condition", "what")
    list_filter = (StateFilter,)
    list_filter_submit = True
    ordering = ("-id",)
    change_form_before_template = "admin/core/proposal_doors.html"
    fieldsets = (
        (None, {"fields": ("condition", "what", "target", "reason", "proofs")}),
        (
            gettext_lazy("Quién"),
            {"fields": (("proposed_by_name", "proposed"), ("decided_by_name", "decided"))},
        ),
        (gettext_lazy("Decisión"), {"fields": ("decision_note",)}),
    )
    readonly_fields = ("condition", "what", "target", "proofs", "proposed", "decided")

    class Media:
        css = {"all": ("cifras/documents.css", "cifras/pages.css")}

    def get_urls(self) -> list[Any]:
        doors: dict[str, Any] = {
            "approve": self.guarded_view(self.approve_view),
            "refuse": self.guarded_view(self.refuse_view),
            "withdraw": self.guarded_view(self.withdraw_view),
        }
        name = f"{self.opts.app_label}_{self.opts.model_name}"
        return [
            path(f"<path:object_id>/{word}/", door, name=f"{name}_{word}") for word, door in doors.items()
        ] + super().get_urls()

    def approve_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Another person's yes: the act is carried out at once."""
        proposal = self._decidable(request, object_id)

        def approve(note: str) -> None:
            require_fresh(request)
            proposals.approve(proposal, actor=_actor(request), note=note)

        return self._decision(
            request, proposal, NoteForm, _("Aprobar"), "primary", approve, _("Aprobada y hecha.")
        )

    def refuse_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Another person's no: nothing is done."""
        proposal = self._decidable(request, object_id)

        def refuse(note: str) -> None:
            proposals.refuse(proposal, actor=_actor(request), note=note)

        return self._decision(
            request, proposal, RefusalForm, _("Rechazar"), "danger", refuse, _("Rechazada: no se hizo nada.")
        )

    def withdraw_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Whoever proposed it takes it back."""
        proposal = self._decidable(request, object_id)

        def withdraw(_note: str) -> None:
            proposals.withdraw(proposal, actor=_actor(request))

        return self._decision(
            request, proposal, forms.Form, _("Retirar"), "default", withdraw, _("Retirada: no se hizo nada.")
        )

    def _decidable(self, request: HttpRequest, object_id: str) -> Proposal:
        """The proposal, for somebody who holds the act's own right."""
        proposal = cast(Proposal, self.require_object(request, object_id))
        act = proposals.act_of(proposal)
        if act is None or not may(cast(Staff, request.user), act.permission):
            raise PermissionDenied
        return proposal

    def _decision(
        self,
        request: HttpRequest,
        proposal: Proposal,
        form_class: type[forms.Form],
        title: str,
        variant: str,
        decide: Callable[[str], None],
        done: str,
    ) -> HttpResponse:
        form = form_class(request.POST if request.method == "POST" else None)
        if form.is_valid():
            try:
                decide(form.cleaned_data.get("note", ""))
            except RuleBroken as refusal:
                form.add_error(None, sentence(refusal))
            else:
                return self._go_to_target(request, proposal, done)
        request.current_app = self.admin_site.name
        context = {
            **self.admin_site.each_context(request),
            **shown(proposal),
            "title": f"{title}: {proposal.target_label}",
            "deed": title,
            "variant": variant,
            "opts": self.opts,
            "original": proposal,
            "form": form,
            "back": self._target(request, proposal),
            "action": request.path,
        }
        return TemplateResponse(request, DECISION_PAGE, context)

    def _go_to_target(self, request: HttpRequest, proposal: Proposal, done: str) -> HttpResponse:
        messages.success(request, done)
        address = self._target(request, proposal)
        if "HX-Request" in request.headers:
            return HttpResponse(headers={"HX-Redirect": address})
        return HttpResponseRedirect(address)

    def _target(self, request: HttpRequest, proposal: Proposal) -> str:
        act = proposals.act_of(proposal)
        return (act.address(proposal) if act else "") or self.address_of(proposal)

    @display(description=gettext_lazy("estado"), ordering="state")
    def condition(self, proposal: Proposal) -> Badge:
        return badge_of(proposal)

    @display(description=gettext_lazy("qué se propone"))
    def what(self, proposal: Proposal) -> str:
        return label_of(proposal)

    @display(description=gettext_lazy("sobre"))
    def thing(self, proposal: Proposal) -> SafeString:
        return format_html('<span class="cf-wide">{}</span>', proposal.target_label)

    @display(description=gettext_lazy("sobre"))
    def target(self, proposal: Proposal) -> SafeString | str:
        act = proposals.act_of(proposal)
        address = act.address(proposal) if act else ""
        if not address:
            return proposal.target_label
        return format_html('<a class="cf-link" href="{}">{}</a>', address, proposal.target_label)

    @display(description=gettext_lazy("propuso"))
    def proposer(self, proposal: Proposal) -> str:
        return proposal.proposed_by_name

    @display(description=gettext_lazy("propuesta"), ordering="id")
    def proposed(self, proposal: Proposal) -> str:
        return _moment(proposal.proposed_at)

    @display(description=gettext_lazy("decidida"))
    def decided(self, proposal: Proposal) -> str:
        return _moment(proposal.decided_at) if proposal.decided_at else "—"

    @display(description=gettext_lazy("motivo"))
    def reason_given(self, proposal: Proposal) -> SafeString:
        text = proposal.reason if len(proposal.reason) <= 160 else proposal.reason[:159] + "…"
        return format_html('<span class="cf-wide">{}</span>', text)

    @display(description=gettext_lazy("pruebas"))
    def proofs(self, proposal: Proposal) -> SafeString | str:
        rows = files_of(proposal)
        links = format_html_join(" · ", '<a class="cf-link" href="{1}" download>{0}</a>', rows)
        return links or "—"


def shown(proposal: Proposal) -> dict[str, Any]:
    """What a page says of a proposal, whoever looks at it."""
    return {
        "proposal": proposal,
        "label": label_of(proposal),
        "proposed_at": _moment(proposal.proposed_at),
        "files": files_of(proposal),
    }


def waiting_on(target: Any) -> dict[str, Any]:
    """The open proposal about a target, as a page shows it; nothing where there is none.

    A target read with `is_open_about` as `has_proposal` costs no query for it.
    """
    if not getattr(target, "has_proposal", True):
        return {}
    proposal = proposals.open_proposal(target.uid)
    return shown(proposal) if proposal else {}


def label_of(proposal: Proposal) -> str:
    """What is proposed, in words; an act that no app knows any more by its word."""
    act = proposals.act_of(proposal)
    return str(act.label) if act else proposal.act


def badge_of(proposal: Proposal) -> Badge:
    """How far it has come."""
    icon, tone = _BADGES[Proposal.State(proposal.state)]
    return Badge(proposal.get_state_display(), icon, tone)


def files_of(proposal: Proposal) -> list[tuple[str, str]]:
    """Names and addresses of its evidence."""
    act = proposals.act_of(proposal)
    return list(act.files(proposal)) if act and proposal.evidence else []


def _moment(at: Any) -> str:
    return f"{timezone.localtime(at):%d/%m/%Y %H:%M}"


def _actor(request: HttpRequest) -> Staff:
    return cast(Staff, request.user)
