"""The wizard's addresses: right, form, one service call, and where to go then.

A foreign onboarding is a 404, a missing right a 403, a GET changes nothing. Every page carries the version of the record it was
drawn with, so that of two people at one onboarding the later one is told instead of overwriting.
"""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import (
    FileResponse,
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseRedirect,
    JsonResponse,
)
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters

from cifras.core.admin.staff_admin import StaffAdmin
from cifras.core.rights import may
from cifras.core.wording import sentence, sentences
from cifras.fiscal.errors import CannotVerifyLocally, RuleBroken
from cifras.pac.errors import PacError
from tenants.admin.actors import actor_of
from tenants.admin.wizard.book import page_for
from tenants.admin.wizard.forms import StartForm, local_dv
from tenants.admin.wizard.frame import last_try_shown, latest_try, step_address, where_to_go_on
from tenants.admin.wizard.start import MAY_BEGIN, Known, begin, under_way
from tenants.admin.wizard.uploads import in_memory_only
from tenants.admin.wizard.visit import SEEN_WITH, Visit
from tenants.models import Onboarding
from tenants.services import StepState, last_try, run_step, steps_for
from tenants.services.catalogues import find_places
from tenants.services.drafts import keep_draft
from tenants.services.providers import secret_names

ASSETS = forms.Media(
    css={"all": ("cifras/documents.css", "cifras/pages.css", "cifras/wizard.css")},
    js=("cifras/documents.js", "cifras/wizard.js"),
)
START = "admin:tenants_tenant_onboard"
_CONFLICT = 409
_keeps_secrets = sensitive_post_parameters("password", "authentication_password", *secret_names())


class WizardDoorsMixin(StaffAdmin):
    """The pages of the onboarding, below the tenants' list."""

    def get_urls(self) -> list[Any]:
        step = "onboard/<uuid:onboarding_uid>/<slug:step>/"
        doors: list[tuple[str, str, Any]] = [
            ("onboard/", "onboard", self.onboard_start_view),
            ("onboard/dv/", "onboard_dv", self.onboard_dv_view),
            ("onboard/places/", "onboard_places", self.onboard_places_view),
            ("onboard/<uuid:onboarding_uid>/logo/", "onboard_logo", self.onboard_logo_view),
            (f"{step}state/", "onboard_state", self.onboard_state_view),
        ]
        guarded: Any = self.guarded_view
        ours = [path(route, guarded(view), name=f"tenants_tenant_{name}") for route, name, view in doors]
        step_view = in_memory_only(_keeps_secrets(guarded(self.onboard_step_view)))
        return [*ours, path(step, step_view, name="tenants_tenant_onboard_step"), *super().get_urls()]

    def onboard_start_view(self, request: HttpRequest) -> HttpResponseBase:
        """What is under way, and a new one."""
        _require_right(request)
        may_begin = all(may(request.user, right) for right in MAY_BEGIN)
        if request.method == "POST" and not may_begin:
            raise PermissionDenied
        form = StartForm(request.POST if request.method == "POST" else None)
        begun = begin(form, actor_of(request)) if form.is_valid() else None
        if isinstance(begun, Onboarding):
            return HttpResponseRedirect(step_address(begun, next(iter(steps_for(begun.tenant)))))
        page, rows = under_way(request)
        context = {
            "title": _("Habilitar empresas"),
            "form": form,
            "known": begun if isinstance(begun, Known) else None,
            "page": page,
            "rows": rows,
            "may_begin": may_begin,
            "dv_address": reverse(f"{START}_dv"),
        }
        return self._wizard_page(request, "onboarding/start.html", context)

    def onboard_step_view(self, request: HttpRequest, onboarding_uid: Any, step: str) -> HttpResponseBase:
        """A step: asked on GET, taken on POST."""
        visit = self._visit(request, onboarding_uid, step)
        form = page_for(visit).form(visit)
        status = 200
        if request.method == "POST":
            done = self._take(visit, form)
            if isinstance(done, HttpResponse):
                return done
            status = done
            former, visit = visit, self._visit(request, onboarding_uid, step)
            visit.notices = [*former.notices, _who_was_quicker(visit)] if former.is_late else former.notices
        return self._step_page(visit, form, status)

    def onboard_state_view(self, request: HttpRequest, onboarding_uid: Any, step: str) -> HttpResponseBase:
        """What of a step's page follows by itself; 204 while it would look the same."""
        visit = self._visit(request, onboarding_uid, step)
        if request.GET.get("seen") == visit.state_key:
            return HttpResponse(status=204)
        return self._step_page(visit, page_for(visit).form(visit), template="onboarding/state.html")

    def onboard_dv_view(self, request: HttpRequest) -> HttpResponseBase:
        """The DV by the formula while the RUC is being typed; nobody else is asked."""
        _require_right(request)
        asked = {name: request.GET.get(name, "")[:40] for name in ("ruc", "ruc_type")}
        try:
            return JsonResponse({"dv": local_dv(**asked), "hint": ""})
        except CannotVerifyLocally as reason:
            return JsonResponse({"dv": "", "hint": sentence(reason)})
        except RuleBroken:
            return JsonResponse({"dv": "", "hint": ""})  # still being typed

    def onboard_places_view(self, request: HttpRequest) -> HttpResponseBase:
        """Places whose code or names fit what was typed."""
        _require_right(request)
        found = find_places(request.GET.get("q", "")[:60])
        return JsonResponse({"found": [{"value": row.code, "label": row.name} for row in found]})

    def onboard_logo_view(self, request: HttpRequest, onboarding_uid: Any) -> HttpResponseBase:
        """The picture that is kept here: drawn by us, so safe to show."""
        logo = self._onboarding(request, onboarding_uid).tenant.logo
        if not logo:
            raise Http404
        return FileResponse(
            logo.open("rb"),
            content_type="image/png" if str(logo.name).endswith("png") else "image/jpeg",
            headers={
                "X-Content-Type-Options": "nosniff",
                "Content-Security-Policy": "default-src 'none'; sandbox",
            },
        )

    def _onboarding(self, request: HttpRequest, uid: Any) -> Onboarding:
        rows = (
            Onboarding.objects.visible_to(request.user).select_related("tenant").prefetch_related(*SEEN_WITH)
        )
        onboarding = rows.filter(uid=uid).first()
        if onboarding is None:
            raise Http404
        _require_right(request)
        return onboarding

    def _visit(self, request: HttpRequest, uid: Any, step: str) -> Visit:
        onboarding = self._onboarding(request, uid)
        row = steps_for(onboarding.tenant).get(step)
        if row is None:
            raise Http404
        data = request.POST if request.method == "POST" else None
        return Visit(request, actor_of(request), onboarding, row, data)

    def _take(self, visit: Visit, form: Any) -> HttpResponse | int:
        """Where to go after the deed, or the status of the page that is drawn again."""
        data, step, page = visit.data or {}, visit.step.name, page_for(visit)
        before = visit.onboarding.steps.get(step)
        visit.onboarding.version = _version(data.get("version"))
        if "_add" in data:
            return 200
        try:
            if "_draft" in data and page.keeps_draft:
                keep_draft(visit.onboarding, step, page.typed(form), actor=visit.staff)
                messages.success(visit.request, _("Guardado a medias: quien siga lo encuentra en este paso."))
                return HttpResponseRedirect(reverse(START))
            if not form.is_valid():
                return 200
            run_step(visit.onboarding, step, actor=visit.staff, **page.inputs(visit, form))
        except (RuleBroken, PacError) as error:
            is_remembered = visit.onboarding.steps.get(step) != before
            if is_remembered and isinstance(error, PacError):
                return HttpResponseRedirect(step_address(visit.onboarding, step))
            return _refused(visit, form, error, is_remembered=is_remembered)
        return HttpResponseRedirect(self._onwards(visit))

    def _onwards(self, visit: Visit) -> str:
        """The next question, or the same page where there is something to see on it."""
        said = last_try(visit.onboarding, visit.step.name)
        goes_on = page_for(visit).goes_on and said.state is StepState.DONE and not said.sentences
        if not goes_on:
            return step_address(visit.onboarding, visit.step.name)
        fresh = self._visit(visit.request, visit.onboarding.uid, visit.step.name)
        return where_to_go_on(fresh.steps, after=visit.step.name).address

    def _step_page(
        self, visit: Visit, form: Any, status: int = 200, template: str | None = None
    ) -> TemplateResponse:
        page, tenant = page_for(visit), visit.tenant
        context = {
            "title": _("Habilitar: {tenant}").format(tenant=tenant),
            "visit": visit,
            "tenant": tenant,
            "step": visit.step,
            "steps": visit.steps,
            "done": sum(row.state is StepState.DONE for row in visit.steps),
            "is_done": visit.is_state(StepState.DONE),
            "following": where_to_go_on(visit.steps, after=visit.step.name),
            "last": last_try_shown(visit.onboarding, visit.step.name, visit.staff),
            "form": form,
            "keeps_draft": page.keeps_draft,
            "question": page.template,
            "live_question": page.live_template,
            "state_address": step_address(visit.onboarding, visit.step.name, "state"),
            "start_address": reverse(START),
            **page.context(visit, form),
        }
        return self._wizard_page(visit.request, template or "onboarding/page.html", context, status)

    def _wizard_page(
        self, request: HttpRequest, template: str, context: dict[str, Any], status: int = 200
    ) -> TemplateResponse:
        request.current_app = self.admin_site.name
        frame = {**self.admin_site.each_context(request), "opts": self.opts, "assets": ASSETS}
        return TemplateResponse(request, template, {**frame, **context}, status=status)


def _require_right(request: HttpRequest) -> None:
    if not may(request.user, "tenants.onboard_tenant"):
        raise PermissionDenied


def _version(text: Any) -> int:
    """The version the page was drawn with; nonsense is one that never was."""
    return int(text) if str(text).isdecimal() and len(str(text)) < 10 else -1


def _who_was_quicker(visit: Visit) -> str:
    last = latest_try(visit.onboarding, visit.staff)
    return _(
        "Otra persona avanzó esta habilitación mientras tanto ({by}, {at}). Lo que usted escribió sigue en la página y no se "
        "guardó: revise los pasos y vuelva a enviarlo si corresponde."
    ).format(by=last.by if last else "—", at=last.written_at if last else "—")


def _refused(visit: Visit, form: Any, error: RuleBroken | PacError, *, is_remembered: bool) -> int:
    """Where the refusal is read: at its field, on top, or (a remembered one that names no field) under the step."""
    if error.code == "onboarding_changed":
        visit.is_late = True
        return _CONFLICT
    if error.code == "step_running":
        visit.notices += sentences(error)
        return _CONFLICT
    form.refuse(error, only_fields=is_remembered)
    return 200
