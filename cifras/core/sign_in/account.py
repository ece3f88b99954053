"""One's own account: open sessions, second factor, password."""

from typing import cast

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from cifras.core import audit
from cifras.core.models import Staff
from cifras.core.sign_in import factor, sessions, step_up
from cifras.core.sign_in.views import recovery_codes_page


def account(request: HttpRequest) -> HttpResponse:
    """What there is, and the way to change it."""
    person = _person(request)
    here = request.session.session_key
    context = {
        **admin.site.each_context(request),
        "title": _("Mi cuenta"),
        "person": person,
        "sessions": [(row, row.session_key == here) for row in sessions.open_sessions(person)],
        "has_factor": factor.has_factor(person),
        "is_required": factor.is_required(),
        "codes_left": factor.recovery_codes_left(person),
    }
    return TemplateResponse(request, "admin/sign_in/account.html", context)


@require_POST
def end_sessions(request: HttpRequest) -> HttpResponse:
    """The other sessions, or one of them."""
    ended = sessions.end_own(request, _person(request), handle=request.POST.get("session", ""))
    text = ngettext("Se cerró {n} sesión.", "Se cerraron {n} sesiones.", ended)
    messages.success(request, text.format(n=ended) if ended else _("No había otra sesión abierta."))
    return HttpResponseRedirect(reverse("sign_in:account"))


@require_POST
def renew_codes(request: HttpRequest) -> HttpResponse:
    """New recovery codes, shown this once."""
    person = _person(request)
    if not factor.has_factor(person):
        return HttpResponseRedirect(reverse("sign_in:set_up"))
    step_up.require_fresh(request)
    return recovery_codes_page(request, factor.renew_recovery_codes(person), reverse("sign_in:account"))


def password_change(request: HttpRequest) -> HttpResponseBase:
    """The site's own page, which asks for the current password; the other sessions end with the former one."""
    response = admin.site.password_change(request)
    if request.method == "POST" and response.status_code == HttpResponseRedirect.status_code:
        person = _person(request)
        audit.record("password.changed", actor=person, target=person)
        sessions.end_own(request, person)
    return response


def _person(request: HttpRequest) -> Staff:
    return cast(Staff, request.user)
