"""What is changed by hand on the staff site goes to the audit trail: which members, from what, to what."""

import uuid
from typing import Any

from django.contrib import admin
from django.db import models
from django.http import HttpRequest

from cifras.core import audit


class AuditedPageMixin(admin.ModelAdmin):
    """Records "app.model.added", ".changed" and ".deleted". A page whose service audits by itself sets `audits_changes` False."""

    audits_changes = True

    def tenant_uid_of(self, obj: models.Model) -> uuid.UUID | None:
        """The tenant in whose chain the change is recorded."""
        return getattr(getattr(obj, "tenant", None), "uid", None)

    def construct_change_message(
        self, request: HttpRequest, form: Any, formsets: Any, add: bool = False
    ) -> Any:
        request.__dict__["_audited_change"] = _changed_members(self.opts, form, formsets or [], add=add)
        return super().construct_change_message(request, form, formsets, add)

    def log_addition(self, request: HttpRequest, obj: models.Model, message: Any) -> Any:
        self._audit(request, obj, "added")
        return super().log_addition(request, obj, message)

    def log_change(self, request: HttpRequest, obj: models.Model, message: Any) -> Any:
        self._audit(request, obj, "changed")
        return super().log_change(request, obj, message)

    def log_deletions(self, request: HttpRequest, queryset: Any) -> Any:
        for obj in queryset:
            self._audit(request, obj, "deleted")
        return super().log_deletions(request, queryset)

    def _audit(self, request: HttpRequest, obj: models.Model, deed: str) -> None:
        if not self.audits_changes:
            return
        before, after = request.__dict__.get("_audited_change", (None, None))
        audit.record(
            f"{self.opts.label_lower}.{deed}",
            actor=request.user,
            tenant_uid=self.tenant_uid_of(obj),
            target=obj,
            before=before,
            after=after,
        )


def _changed_members(
    opts: Any, form: Any, formsets: Any, *, add: bool
) -> tuple[dict[str, Any] | None, dict[str, Any]]:
    """Before and after, of the model's own members only; of a password, that it changed."""
    if "password" in form.changed_data:
        return None, {"password": "••••"}
    own = {field.name for field in opts.get_fields()}
    names = [name for name in form.changed_data if name in own]
    after = {name: _shown(form.cleaned_data.get(name)) for name in names}
    before = (
        None if add else {name: _shown(form.get_initial_for_field(form.fields[name], name)) for name in names}
    )
    return before, after | {formset.model._meta.label_lower: _changed_rows(formset) for formset in formsets}


def _changed_rows(formset: Any) -> dict[str, list[str]]:
    """The rows of an inline that were touched, by what was done to them."""
    touched = {
        "added": formset.new_objects,
        "changed": [f"{row}: {', '.join(names)}" for row, names in formset.changed_objects],
        "deleted": formset.deleted_objects,
    }
    return {deed: [str(row) for row in rows] for deed, rows in touched.items() if rows}


def _shown(value: Any) -> Any:
    if isinstance(value, models.QuerySet | list | tuple):
        return sorted(str(member) for member in value)
    return str(value) if isinstance(value, models.Model) else value
