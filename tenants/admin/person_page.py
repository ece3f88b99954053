"""What is in the hands of one person of the staff, who takes it over, and the end of their access."""

import uuid
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import NoReverseMatch, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from unfold.widgets import UnfoldAdminSelectWidget

from cifras.core.admin.staff_admin import StaffAdmin
from cifras.core.models import Staff
from cifras.core.rights import may
from cifras.core.sign_in.step_up import require_fresh
from cifras.fiscal.errors import RuleBroken
from tenants.admin.act_page import ASSETS
from tenants.admin.actors import actor_of
from tenants.admin.wizard.fields import StepForm, reason
from tenants.models import StaffGrant
from tenants.services.floors_above import Holding, holdings
from tenants.services.staff_endings import end_staff, reassign_grants

LOOK = "tenants.view_staffgrant"
MOVE = ("tenants.add_staffgrant", "tenants.delete_staffgrant")
END = "core.change_staff"


class ReassignForm(StepForm):
    """Which of the accesses, and to whom."""

    grants = forms.ModelMultipleChoiceField(queryset=StaffGrant.objects.none(), to_field_name="uid")
    to = forms.ModelChoiceField(
        label=gettext_lazy("Quién los recibe"),
        queryset=Staff.objects.none(),
        to_field_name="uid",
        widget=UnfoldAdminSelectWidget(),
    )

    def __init__(self, *args: Any, grants: QuerySet, person: Staff, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        members: dict[str, Any] = self.fields
        members["grants"].queryset = grants
        able = Staff.objects.filter(is_active=True, is_staff=True).exclude(pk=person.pk)
        members["to"].queryset = able.order_by("username")


class EndForm(StepForm):
    """Why the person is signed out for good."""

    reason = reason(
        gettext_lazy("Motivo"), gettext_lazy("Al menos 15 caracteres; queda en la auditoría."), required=True
    )


class PersonPageMixin(StaffAdmin):
    """One page per person, below the list of accesses."""

    def get_urls(self) -> list[Any]:
        door: Any = self.guarded_view(self.person_view)
        return [path("person/<uuid:person>/", door, name="tenants_staffgrant_person"), *super().get_urls()]

    def person_view(self, request: HttpRequest, person: uuid.UUID) -> HttpResponse:
        """What they hold, as far as the viewer may see it."""
        if not may(request.user, LOOK):
            raise PermissionDenied
        found = Staff.objects.prefetch_related("groups").filter(uid=person).first()
        if found is None:
            raise Http404
        grants = self.get_queryset(request).filter(staff=found).select_related("tenant", "granted_by")
        posted = request.POST if request.method == "POST" else None
        deed = posted.get("act", "") if posted else ""
        moving = ReassignForm(posted if deed == "reassign" else None, grants=grants, person=found)
        ending = EndForm(posted if deed == "end" else None, prefix="end")
        if (deed == "reassign" and self._reassigned(request, moving)) or (
            deed == "end" and self._ended(request, found, ending)
        ):
            return HttpResponseRedirect(request.path)
        return self._person_page(request, found, grants, moving, ending)

    def _reassigned(self, request: HttpRequest, form: ReassignForm) -> bool:
        if not all(may(request.user, right) for right in MOVE):
            raise PermissionDenied
        if not form.is_valid():
            return False
        require_fresh(request)
        try:
            count = reassign_grants(
                list(form.cleaned_data["grants"]), form.cleaned_data["to"], actor=actor_of(request)
            )
        except RuleBroken as refusal:
            form.refuse(refusal)
            return False
        text = ngettext("{count} acceso pasó a {person}.", "{count} accesos pasaron a {person}.", count)
        messages.success(request, text.format(count=count, person=form.cleaned_data["to"]))
        return True

    def _ended(self, request: HttpRequest, person: Staff, form: EndForm) -> bool:
        if not may(request.user, END):
            raise PermissionDenied
        if not form.is_valid():
            return False
        require_fresh(request)
        try:
            end_staff(person, reason=form.cleaned_data["reason"], actor=actor_of(request))
        except RuleBroken as refusal:
            form.refuse(refusal)
            return False
        messages.success(request, _("{person} ya no puede entrar.").format(person=person))
        return True

    def _person_page(
        self, request: HttpRequest, person: Staff, grants: Any, moving: ReassignForm, ending: EndForm
    ) -> HttpResponse:
        request.current_app = self.admin_site.name
        chosen = {str(each) for each in moving["grants"].value() or ()}
        context = {
            **self.admin_site.each_context(request),
            "title": _("Lo que tiene a su cargo: {person}").format(person=person),
            "opts": self.opts,
            "assets": ASSETS,
            "person": person,
            "roles": [group.name for group in person.groups.all()],
            "grants": [(grant, str(grant.uid) in chosen) for grant in grants],
            "held": [(each, _address_of(each)) for each in holdings(person, actor_of(request))],
            "moving": moving,
            "ending": ending,
            "may_move": all(may(request.user, right) for right in MOVE),
            "may_end": may(request.user, END) and person.is_active and person.pk != request.user.pk,
            "back": reverse("admin:tenants_staffgrant_changelist"),
        }
        return TemplateResponse(request, "admin/tenants/staffgrant/person.html", context)


def _address_of(holding: Holding) -> str:
    """The list with just these rows; empty where there is no such page."""
    try:
        return f"{reverse(f'admin:{holding.page}_changelist')}?{holding.query}"
    except NoReverseMatch:
        return ""
