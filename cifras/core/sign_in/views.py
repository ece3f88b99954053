"""The pages at the door: password, second factor and its set-up, invitation. They ask for nothing else of the site."""

from typing import Any, cast

import segno
from django.contrib import admin
from django.contrib.auth import login, logout
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from cifras.core.models import SecondFactor, Staff
from cifras.core.sign_in import factor, invitations, step_up, traces
from cifras.core.sign_in.forms import CodeForm, NewPasswordForm, PasswordForm
from cifras.core.sign_in.middleware import ENDED, half_signed_in, person_at
from cifras.core.wording import sentence
from cifras.fiscal.errors import RuleBroken

_BACKEND = "django.contrib.auth.backends.ModelBackend"
NEXT = "next"


class SignIn(LoginView):
    """User and password. Who is half-way goes on to the second step; who is in, to where they wanted."""

    form_class = PasswordForm
    template_name = "admin/sign_in/login.html"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.method == "GET" and half_signed_in(request):
            return HttpResponseRedirect(_second_step(self.get_success_url()))
        if request.method == "GET" and admin.site.has_permission(request):
            return HttpResponseRedirect(self.get_success_url())
        return super().dispatch(request, *args, **kwargs)

    def get_default_redirect_url(self) -> str:
        return reverse("admin:index")

    def form_valid(self, form: Any) -> HttpResponse:
        person = cast(Staff, form.get_user())
        login(self.request, person)
        if not factor.is_required():
            traces.entered(self.request, person, way="password")
            return HttpResponseRedirect(self.get_success_url())
        traces.knew_the_password(person)
        return HttpResponseRedirect(_second_step(self.get_success_url()))

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = {**admin.site.each_context(self.request), **super().get_context_data(**kwargs)}
        return context | {
            "title": _("Entrar"),
            "app_path": self.request.get_full_path(),
            "ended": self.request.session.get(ENDED, ""),
            "is_one_step": not factor.is_required(),
        }


@never_cache
@csrf_protect
@sensitive_post_parameters("code")
def code(request: HttpRequest) -> HttpResponseBase:
    """The second step, and the step-up of an address that was opened."""
    person, wanted = person_at(request), _wanted(request)
    if person is None:
        return HttpResponseRedirect(reverse("admin:login"))
    if not factor.has_factor(person):
        return HttpResponseRedirect(_with_next("sign_in:set_up", wanted))
    form = CodeForm(request.POST if request.method == "POST" else None)
    if form.is_valid() and _is_right(request, person, form):
        return HttpResponseRedirect(wanted)
    is_half = half_signed_in(request) is not None
    return _page(request, "code", _("Segundo paso"), form=form, person=person, is_half=is_half)


def _is_right(request: HttpRequest, person: Staff, form: CodeForm) -> bool:
    is_entering = half_signed_in(request) is not None
    try:
        if is_entering:
            way = factor.check(person, form.cleaned_data["code"])
            step_up.mark(request)
            traces.entered(request, person, way=way)
            step_up.warn_of_recovery(request, person, way)
        else:
            step_up.pass_with(request, person, form.cleaned_data["code"])
    except RuleBroken as refusal:
        form.add_error("code", sentence(refusal))
        return False
    return True


@never_cache
@csrf_protect
@sensitive_post_parameters("code")
def set_up(request: HttpRequest) -> HttpResponseBase:
    """The app is taught its seed, and shows that it knows it."""
    person, wanted = person_at(request), _wanted(request)
    if person is None:
        return HttpResponseRedirect(reverse("admin:login"))
    if factor.has_factor(person):
        return HttpResponseRedirect(_with_next("sign_in:code", wanted))
    if request.method == "POST" and request.POST.get("act") == "begin":
        factor.begin_set_up(person)
        return HttpResponseRedirect(_with_next("sign_in:set_up", wanted))
    waiting = factor.waiting_factor(person)
    form = CodeForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            codes = factor.confirm(person, form.cleaned_data["code"])
        except RuleBroken as refusal:
            form.add_error("code", sentence(refusal))
        else:
            if half_signed_in(request):
                traces.entered(request, person, way="set_up")
            step_up.mark(request)
            return recovery_codes_page(request, codes, wanted)
    return _page(request, "set_up", _("Segundo factor"), form=form, person=person, **_seed_of(waiting))


def recovery_codes_page(request: HttpRequest, codes: list[str], wanted: str) -> HttpResponse:
    """The codes, this once."""
    return _page(request, "recovery_codes", _("Códigos de recuperación"), codes=codes, wanted=wanted)


@never_cache
@require_POST
@csrf_protect
def leave(request: HttpRequest) -> HttpResponse:
    """Back from the second step to the first."""
    logout(request)
    return HttpResponseRedirect(reverse("admin:login"))


@never_cache
@csrf_protect
@sensitive_post_parameters("new_password1", "new_password2")
def invitation(request: HttpRequest, token: str) -> HttpResponseBase:
    """The invited person sets a password, and goes on to the second factor."""
    invited = invitations.invitation_of(token)
    if invited is None:
        return _page(request, "invitation_gone", _("Invitación"), status=410)
    form = NewPasswordForm(invited.staff, request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            person = invitations.accept(invited, form.cleaned_data["new_password1"])
        except RuleBroken as refusal:
            form.add_error(None, sentence(refusal))
        else:
            request.session.flush()
            login(request, person, backend=_BACKEND)
            if not factor.is_required():
                traces.entered(request, person, way="invitation")
                return HttpResponseRedirect(reverse("admin:index"))
            return HttpResponseRedirect(_second_step(reverse("admin:index")))
    response = _page(request, "invitation", _("Bienvenida a Cifras"), form=form, person=invited.staff)
    response["Referrer-Policy"] = "no-referrer"
    return response


def _page(
    request: HttpRequest, name: str, title: str, *, status: int = 200, **context: Any
) -> TemplateResponse:
    frame = {**admin.site.each_context(request), "title": title, "wanted": _wanted(request)}
    return TemplateResponse(request, f"admin/sign_in/{name}.html", frame | context, status=status)


def _seed_of(waiting: SecondFactor | None) -> dict[str, Any]:
    if waiting is None:
        return {"qr": "", "seed": ""}
    seed = factor.seed_as_text(waiting)
    picture = segno.make(factor.address_for_app(waiting), error="m", micro=False)
    return {
        "qr": picture.png_data_uri(scale=6, border=4),
        "seed": " ".join(seed[at : at + 4] for at in range(0, len(seed), 4)),
    }


def _wanted(request: HttpRequest) -> str:
    """Where the person wanted to go: an address of ours, or the front page."""
    asked = request.POST.get(NEXT) or request.GET.get(NEXT) or ""
    is_ours = url_has_allowed_host_and_scheme(
        asked, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return asked if is_ours else reverse("admin:index")


def _second_step(wanted: str) -> str:
    return _with_next("sign_in:code", wanted)


def _with_next(name: str, wanted: str) -> str:
    return f"{reverse(name)}?{urlencode({NEXT: wanted})}"
