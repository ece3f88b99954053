"""The people who work here, and the groups that say what they may do."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from cifras.core.admin.staff_admin import StaffAdmin
from cifras.core.models import Staff

admin.site.unregister(Group)


@admin.register(Staff)
class StaffPage(StaffAdmin, UserAdmin):
    """A person. Nobody is deleted, since the audit trail names them: people who leave are made inactive."""

    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ("username", "full_name", "email", "is_active", "last_login")
    list_filter = ("is_active", "groups")
    list_filter_submit = True
    readonly_fields = ("last_login", "date_joined")
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

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        fields = list(super().get_readonly_fields(request, obj))
        return fields if request.user.is_superuser else [*fields, "is_superuser", "user_permissions"]


@admin.register(Group)
class GroupPage(StaffAdmin, GroupAdmin):
    """A role."""
