"""The filters of the companies' list."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from django.db.models import Q
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy
from unfold.contrib.filters.admin import DropdownFilter

from tenants.services.pending_rows import lacks_something
from tenants.services.providers import provider_names
from tenants.services.radar import Level, tenants_ending

RADAR_WORDS: Mapping[Level, Any] = {
    Level.EXPIRED: gettext_lazy("Vencido"),
    Level.DAYS_1: gettext_lazy("Vence en 1 día o menos"),
    Level.DAYS_7: gettext_lazy("Vence en 7 días o menos"),
    Level.DAYS_30: gettext_lazy("Vence en 30 días o menos"),
    Level.DAYS_60: gettext_lazy("Vence en 60 días o menos"),
}
_PENDING: Mapping[str, tuple[Any, Callable[[datetime], Q]]] = {
    "yes": (gettext_lazy("Algo pendiente"), lacks_something),
    "no": (gettext_lazy("Completas"), lambda now: ~lacks_something(now)),
    "lapsed": (
        gettext_lazy("Afiliación caducada"),
        lambda _now: Q(affiliation_lapsed_at__isnull=False, may_issue_live=False),
    ),
}


class ProviderFilter(DropdownFilter):
    """Through whom it issues."""

    title = gettext_lazy("proveedor")
    parameter_name = "provider"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return provider_names()

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        known = self.value() in dict(provider_names())
        return queryset.filter(pac_provider=self.value()) if known else queryset


class PendingFilter(DropdownFilter):
    """Whether something is missing; the badge in the list says how much."""

    title = gettext_lazy("pasos pendientes")
    parameter_name = "pending"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(name, word) for name, (word, _condition) in _PENDING.items()]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() not in _PENDING:
            return queryset
        _word, condition = _PENDING[str(self.value())]
        return queryset.filter(condition(timezone.now()))


class RadarFilter(DropdownFilter):
    """By the current certificate that ends first."""

    title = gettext_lazy("certificado")
    parameter_name = "radar"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(level.value, word) for level, word in RADAR_WORDS.items()]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() not in {level.value for level in RADAR_WORDS}:
            return queryset
        return queryset.filter(tenants_ending(Level(str(self.value())), timezone.now()))
