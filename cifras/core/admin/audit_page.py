"""The audit trail, to be read."""

import json
import re
from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import DropdownFilter
from unfold.decorators import display

from cifras.core.admin import exports
from cifras.core.admin.big_list import ReadOnlyBigListAdmin, SearchRoute
from cifras.core.admin.filters import DayRangeFilter, ExactTextFilter
from cifras.core.models import AuditEntry, Staff

UUID = re.compile(r"[0-9a-f]{8}(-?[0-9a-f]{4}){3}-?[0-9a-f]{12}", re.IGNORECASE)
ACTION = re.compile(r"[a-z_]+(\.[a-z_]+)+")


class ActorFilter(DropdownFilter):
    """Who did it: a person of today's staff."""

    title = _("persona")
    parameter_name = "actor"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(str(person.uid), str(person)) for person in Staff.objects.order_by("username")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        uid = self.value() or ""
        return queryset.filter(actor_uid=uid) if UUID.fullmatch(uid) else queryset


@admin.register(AuditEntry)
class AuditPage(ReadOnlyBigListAdmin):
    """Acts, newest first, with what changed."""

    list_export = exports.AUDIT
    ordering = ("-at",)
    indexed_ordering = ("at",)
    list_display = ("at", "action", "thing", "who", "reason_given", "ip")
    list_filter = (
        ("at", DayRangeFilter),
        ("action", ExactTextFilter),
        ("object_type", ExactTextFilter),
        ActorFilter,
    )
    search_help_text = _("Acción (invoice.voided), identificador del objeto o correlación")
    search_routes = (
        SearchRoute(UUID, "object_uid"),
        SearchRoute(UUID, "correlation_id"),
        SearchRoute(UUID, "chain"),
        SearchRoute(ACTION, "action"),
    )
    allowed_lookups = ("object_uid", "chain", "correlation_id", "exchange_id")
    fieldsets = (
        (None, {"fields": ("at", "action", "who", "ip", "reason")}),
        (_("Objeto"), {"fields": ("object_label", "object_type", "object_uid", "differences")}),
        (
            _("Rastro"),
            {"fields": ("correlation_id", "exchange_id", "chain", "sequence", "previous_hash", "hash")},
        ),
    )

    @display(description=_("objeto"), wrapper_class="min-w-56")
    def thing(self, entry: AuditEntry) -> str:
        return entry.object_label

    @display(description=_("por"), wrapper_class="min-w-32")
    def who(self, entry: AuditEntry) -> str:
        return entry.actor_name or str(_("el sistema"))

    @display(description=_("motivo"), wrapper_class="min-w-56")
    def reason_given(self, entry: AuditEntry) -> str:
        return entry.reason if len(entry.reason) <= 80 else entry.reason[:79] + "…"

    @display(description=_("cambios"))
    def differences(self, entry: AuditEntry) -> str:
        return render_to_string(
            "admin/core/differences.html", {"rows": list(_differences(entry.before, entry.after))}
        )


def _differences(before: Any, after: Any) -> Iterator[dict[str, Any]]:
    """Member by member, those that differ marked; values that are not mappings count as one nameless member."""
    old = before if isinstance(before, dict) else {"": before}
    new = after if isinstance(after, dict) else {"": after}
    for name in dict.fromkeys([*old, *new]):
        pair = _text(old.get(name)), _text(new.get(name))
        if any(pair):
            yield {"name": name, "before": pair[0], "after": pair[1], "differs": pair[0] != pair[1]}


def _text(value: Any) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    return json.dumps(value, ensure_ascii=False)
