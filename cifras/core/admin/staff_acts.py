"""What an administrator does about somebody's way in: another invitation, another second factor, no more sessions."""

from typing import Any, cast

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from unfold.decorators import action, display
from unfold.enums import ActionVariant

from cifras.core.admin.staff_admin import StaffAdmin
from cifras.core.models import Invitation, Staff
from cifras.core.rights import may
from cifras.core.sign_in import factor, invitations, sessions
from cifras.core.sign_in.step_up import require_fresh
from cifras.fiscal.zones import written


class StaffActsMixin(StaffAdmin):
    """Each act asks to be confirmed, and for a fresh second factor."""

    actions_detail: Any = (
        {
            "title": gettext_lazy("Entrada"),
            "icon": "key",
            "items": ("invite_again", "reset_factor", "end_sessions"),
        },
    )

    def has_invite_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return may(request.user, invitations.INVITE)

    def has_reset_factor_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return may(request.user, factor.RESET)

    def has_end_sessions_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return may(request.user, sessions.END_SESSIONS)

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> Any:
        """Not on one's own account, which has a page of its own."""
        person = self.get_object(request, str(object_id))
        is_own = person is not None and person.pk == request.user.pk
        return [] if is_own else super().get_actions_detail(request, object_id)

    @action(
        description=gettext_lazy("Enviar invitación: contraseña nueva"),
        icon="mail",
        permissions=["invite"],
    )
    def invite_again(self, request: HttpRequest, object_id: str) -> HttpResponse:
        person = cast(Staff, self.require_object(request, object_id))
        require_fresh(request)
        return invited_page(request, invitations.invite(person, actor=cast(Staff, request.user)))

    @action(
        description=gettext_lazy("Reponer el segundo factor"),
        icon="phonelink_erase",
        variant=ActionVariant.DANGER,
        permissions=["reset_factor"],
    )
    def reset_factor(self, request: HttpRequest, object_id: str) -> None:
        person = cast(Staff, self.require_object(request, object_id))
        require_fresh(request)
        factor.reset(person, actor=cast(Staff, request.user))
        text = _("{person} configurará otro segundo factor al entrar; sus sesiones se cerraron.")
        messages.success(request, text.format(person=person))

    @action(
        description=gettext_lazy("Cerrar sus sesiones"),
        icon="logout",
        permissions=["end_sessions"],
    )
    def end_sessions(self, request: HttpRequest, object_id: str) -> None:
        person = cast(Staff, self.require_object(request, object_id))
        require_fresh(request)
        ended = sessions.end_all(person, actor=cast(Staff, request.user))
        text = ngettext("Se cerró {n} sesión.", "Se cerraron {n} sesiones.", ended)
        messages.success(request, text.format(n=ended))

    @display(description=gettext_lazy("segundo factor"))
    def second_factor_state(self, person: Staff) -> str:
        return _("En uso") if factor.has_factor(person) else _("Sin configurar")

    @display(description=gettext_lazy("sesiones abiertas"))
    def sessions_open(self, person: Staff) -> SafeString | str:
        rows = (
            (row.device or "—", row.ip or "—", written(row.seen_at)) for row in sessions.open_sessions(person)
        )
        return format_html_join("", "<div>{} · {} · {}</div>", rows) or "—"


def invited_page(request: HttpRequest, invitation: Invitation) -> HttpResponse:
    """The invitation goes out by mail; where it cannot, its link is shown, this once, to be handed over."""
    link = request.build_absolute_uri(reverse("sign_in:invitation", args=[invitations.token_of(invitation)]))
    context = {
        **admin.site.each_context(request),
        "title": _("Invitación"),
        "person": invitation.staff,
        "is_mailed": invitations.mail(invitation, link),
        "link": link,
        "days": invitations.GOOD_FOR.days,
        "back": reverse("admin:core_staff_change", args=[invitation.staff.uid]),
    }
    return TemplateResponse(request, "admin/sign_in/invited.html", context)
