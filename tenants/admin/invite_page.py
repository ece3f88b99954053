"""The page on which somebody is invited: who, with which roles, to see which companies, until when."""

from typing import Any

from django import forms
from django.contrib.auth.models import Group
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import action
from unfold.widgets import UnfoldAdminTextInputWidget

from cifras.core.admin.staff_acts import invited_page
from cifras.core.admin.staff_admin import StaffAdmin
from cifras.core.models import Staff
from cifras.core.rights import may
from cifras.core.sign_in.invitations import INVITE
from cifras.core.sign_in.step_up import require_fresh
from cifras.fiscal.errors import RuleBroken
from tenants.access import sees_everything, tenants_for
from tenants.admin.act_page import ASSETS
from tenants.admin.actors import actor_of
from tenants.admin.wizard.fields import StepForm, text, tick
from tenants.models import Tenant
from tenants.services.inviting import GRANT, invite_staff


class InviteForm(StepForm):
    """What the service asks; it judges."""

    username = text(gettext_lazy("Usuario"), longest=150, spellcheck="false")
    email = forms.EmailField(
        label=gettext_lazy("Correo, adonde va la invitación"),
        max_length=254,
        widget=UnfoldAdminTextInputWidget({"type": "email", "autocomplete": "off"}),
    )
    name = text(gettext_lazy("Nombre y apellido"), longest=150, required=False)
    roles = forms.ModelMultipleChoiceField(
        label=gettext_lazy("Roles: lo que puede hacer"),
        queryset=Group.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    tenants = forms.ModelMultipleChoiceField(
        label=gettext_lazy("Empresas que puede ver"),
        queryset=Tenant.objects.none(),
        to_field_name="uid",
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    all_tenants = tick(gettext_lazy("Puede ver todas las empresas, también las que vengan"))
    expires_at = forms.DateTimeField(
        label=gettext_lazy("Sus accesos vencen (opcional)"),
        required=False,
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"],
        widget=UnfoldAdminTextInputWidget(attrs={"type": "datetime-local"}),
    )

    def __init__(self, *args: Any, actor: Staff, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        members: dict[str, Any] = self.fields
        members["roles"].queryset = Group.objects.order_by("name")
        members["tenants"].queryset = (
            tenants_for(actor).exclude(state=Tenant.State.CLOSED).order_by("trade_name")
        )
        members["username"].validators.append(Staff.username_validator)
        if not sees_everything(actor):
            del self.fields["all_tenants"]


class InvitePageMixin(StaffAdmin):
    """The page, and the way to it from the list of accesses."""

    actions_list = ("invite",)

    def has_invite_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return may(request.user, INVITE) and may(request.user, GRANT)

    @action(
        description=gettext_lazy("Invitar a una persona"),
        icon="person_add",
        permissions=["invite"],
        url_path="invite",
        extra_options={"handles_get": True},
    )
    def invite(self, request: HttpRequest) -> HttpResponse:
        """Right, form, one service call; then whether the mail went out."""
        actor = actor_of(request)
        form = InviteForm(request.POST if request.method == "POST" else None, actor=actor)
        if form.is_valid():
            require_fresh(request)
            given = {"all_tenants": False, **form.cleaned_data}
            try:
                return invited_page(request, invite_staff(**given, actor=actor))
            except RuleBroken as refusal:
                form.refuse(refusal)
        request.current_app = self.admin_site.name
        context = {
            **self.admin_site.each_context(request),
            "title": _("Invitar a una persona"),
            "opts": self.opts,
            "assets": ASSETS,
            "form": form,
            "back": reverse("admin:tenants_staffgrant_changelist"),
        }
        return TemplateResponse(request, "admin/tenants/staffgrant/invite.html", context)
