"""The people who work here, and the groups that say what they may do."""

from typing import Any, cast

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext_lazy as _
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from cifras.core.admin import exports
from cifras.core.admin.fresh import FreshFormMixin
from cifras.core.admin.staff_acts import StaffActsMixin
from cifras.core.admin.staff_admin import StaffAdmin
from cifras.core.models import Staff
from cifras.core.sign_in import sessions
from cifras.core.sign_in.step_up import require_fresh

admin.site.unregister(Group)


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
        """Of somebody's password, which ends their sessions; whoever lacks the right is told so by the page itself."""
        person = self.get_object(request, id)
        is_sent = request.method == "POST" and self.has_change_permission(request, person)
        if is_sent:
            require_fresh(request)
        response = super().user_change_password(request, id, form_url)
        if is_sent and isinstance(person, Staff) and response.status_code == HttpResponseRedirect.status_code:
            sessions.drop_all(person, actor=cast(Staff, request.user))
        return response

    def save_model(self, request: HttpRequest, obj: Staff, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if not obj.is_active:
            sessions.drop_all(obj, actor=cast(Staff, request.user))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        fields = list(super().get_readonly_fields(request, obj))
        return fields if request.user.is_superuser else [*fields, "is_superuser", "user_permissions"]


@admin.register(Group)
class GroupPage(FreshFormMixin, StaffAdmin, GroupAdmin):
    """A role."""

    list_export = exports.GROUPS
