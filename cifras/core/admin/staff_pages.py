"""The people who work here, and the groups that say what they may do."""

from typing import Any, cast

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from cifras.core.admin import exports
from cifras.core.admin.fresh import FreshFormMixin
from cifras.core.admin.refusals import refusals_as_messages
from cifras.core.admin.staff_acts import StaffActsMixin
from cifras.core.admin.staff_admin import StaffAdmin
from cifras.core.models import Staff
from cifras.core.sign_in import sessions
from cifras.core.sign_in.people import require_factor_kept
from cifras.core.sign_in.step_up import require_fresh

admin.site.unregister(Group)
_OWN_RIGHTS = ("is_active", "is_staff", "is_superuser", "groups", "user_permissions")


@admin.register(Staff)
class StaffPage(FreshFormMixin, StaffActsMixin, UserAdmin):
    """A person. Nobody is deleted, since the audit trail names them: people who leave are made inactive."""

    list_export = exports.STAFF
    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ("username", "full_name", "email", "is_active", "last_login")
    list_filter = ("is_active", "groups")
    list_filter_submit = True
    readonly_fields = ("last_login", "date_joined", "second_factor_state", "sessions_open")
    fieldsets = (
        *(UserAdmin.fieldsets or ()),
        (_("Entrada"), {"fields": ("second_factor_state", "sessions_open")}),
    )
    add_fieldsets = (
        (None, {"fields": ("username", "first_name", "last_name", "email", "password1", "password2")}),
        (_("Acceso"), {"fields": ("is_staff", "groups")}),
    )

    @admin.display(description=_("nombre"), ordering="first_name")
    def full_name(self, person: Staff) -> str:
        return person.get_full_name()

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Only a superuser changes a superuser: else the right to change people would be the right to everything."""
        if isinstance(obj, Staff) and obj.is_superuser and not request.user.is_superuser:
            return False
        return super().has_change_permission(request, obj)

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:
        """Of somebody else's password, which ends their sessions; one's own is changed where the former one is asked for.

        Whoever lacks the right is told so by the page itself.
        """
        person, actor = cast("Staff | None", self.get_object(request, id)), cast(Staff, request.user)
        if person is None or not self.has_change_permission(request, person):
            return super().user_change_password(request, id, form_url)
        if person.pk == actor.pk:
            return HttpResponseRedirect(reverse(f"{self.admin_site.name}:password_change"))
        if request.method != "POST":
            return super().user_change_password(request, id, form_url)
        require_fresh(request)
        former = person.password
        with refusals_as_messages(request), transaction.atomic():
            require_factor_kept(person, actor)
            response = super().user_change_password(request, id, form_url)
            if not Staff.objects.filter(pk=person.pk, password=former).exists():
                sessions.drop_all(person, actor=actor)
                return HttpResponseRedirect(self.address_of(person))
            return response
        return HttpResponseRedirect(self.address_of(person))

    def save_model(self, request: HttpRequest, obj: Staff, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if not obj.is_active:
            sessions.drop_all(obj, actor=cast(Staff, request.user))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """Nobody changes what they may do themselves, whatever they may do."""
        fields = list(super().get_readonly_fields(request, obj))
        if obj is not None and obj.pk == request.user.pk:
            return [*fields, *_OWN_RIGHTS]
        return fields if request.user.is_superuser else [*fields, "is_superuser", "user_permissions"]


@admin.register(Group)
class GroupPage(FreshFormMixin, StaffAdmin, GroupAdmin):
    """A role."""

    list_export = exports.GROUPS
