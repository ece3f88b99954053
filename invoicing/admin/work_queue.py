"""The filter behind the home page's figures: exactly the rows that were counted."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import DropdownFilter

from invoicing.services.attention import QUEUES, first_problem

QUEUE_TITLES: Mapping[str, Any] = {
    "unconfirmed": _("Sin confirmar"),
    "conflicting": _("Conflictos"),
    "void_in_doubt": _("Anulaciones sin confirmar"),
    "rejected_today": _("Rechazadas hoy"),
    "without_pdf": _("Autorizadas sin PDF"),
    "waiting_for_dgi": _("Esperan a la DGI"),
}


class WorkQueueFilter(DropdownFilter):
    """What needs somebody. ``rejected_today:1602`` narrows to those whose first complaint has that code."""

    title = _("qué atender")
    parameter_name = "queue"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return list(QUEUE_TITLES.items())

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        name, has_code, code = (self.value() or "").partition(":")
        if name not in QUEUES:
            return queryset
        rows = queryset.filter(QUEUES[name](timezone.now()))
        return rows.filter(first_problem(code)) if has_code else rows
