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
    "void_in_course": _("Anulaciones en curso o sin confirmar"),
    "without_last_word": _("Sin palabra final"),
    "still_voidable": _("Aún se pueden anular"),
    "rejected_today": _("Rechazadas hoy"),
    "without_pdf": _("Autorizadas sin PDF"),
    "waiting_for_dgi": _("Esperan a la DGI"),
    "stuck": _("Sin palabra final hace más de 24 h"),
    "send_by_closing": _("Plazo de envío por vencer"),
    "invalid_in_hand": _("El receptor tiene un documento sin validez"),
    "mail_troubled": _("Correos que no salieron o sin confirmar"),
}


class WorkQueueFilter(DropdownFilter):
    """What needs somebody. ``rejected_today:1602:receiver.ruc``: only those whose first complaint has this code and member."""

    title = _("qué atender")
    parameter_name = "queue"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return list(QUEUE_TITLES.items())

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        name, has_problem, problem = (self.value() or "").partition(":")
        code, _colon, field = problem.partition(":")
        if name not in QUEUES:
            return queryset
        rows = queryset.filter(QUEUES[name](timezone.now()))
        return rows.filter(first_problem(code, field)) if has_problem else rows
