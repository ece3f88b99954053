"""After an outage: from when on, which company, and how much is still to come. The page can be left and found again."""

import uuid
from dataclasses import asdict
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from unfold.decorators import action
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from cifras.core.admin.staff_admin import StaffAdmin
from cifras.core.rights import may
from invoicing.admin.assets import ASSETS
from invoicing.admin.deeds import actor_of
from invoicing.admin.dialogs import refusals_on
from invoicing.admin.figures import moment
from invoicing.services.catching_up import Backlog, backlog, catch_up
from tenants.access import tenants_for
from tenants.models import Tenant

_MINUTE = "%Y-%m-%dT%H:%M"
_LABELS = {
    "to_send": gettext_lazy("Por enviar"),
    "unconfirmed": gettext_lazy("Sin confirmar"),
    "without_last_word": gettext_lazy("Sin palabra final"),
    "without_pdf": gettext_lazy("Autorizadas sin PDF"),
    "voids": gettext_lazy("Anulaciones en curso"),
    "webhooks": gettext_lazy("Webhooks sin procesar"),
}


class CatchUpForm(forms.Form):
    """From when on, and of whom."""

    since = forms.DateTimeField(
        label=gettext_lazy("Desde (hora de Panamá)"),
        input_formats=[_MINUTE, "%Y-%m-%dT%H:%M:%S"],
        widget=UnfoldAdminTextInputWidget(attrs={"type": "datetime-local"}),
    )
    tenant = forms.ModelChoiceField(
        label=gettext_lazy("Empresa"),
        queryset=Tenant.objects.none(),
        to_field_name="uid",
        required=False,
        empty_label=gettext_lazy("Todas las que usted ve"),
        widget=UnfoldAdminSelectWidget,
    )

    def __init__(self, *args: Any, staff: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        tenant: Any = self.fields["tenant"]
        tenant.queryset = tenants_for(staff).order_by("trade_name")


class CatchUpMixin(StaffAdmin):
    """Adds the page to a list."""

    actions_list = ("catch_up",)

    def has_catch_up_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return may(request.user, "invoicing.catch_up_document")

    @action(
        description=gettext_lazy("Ponerse al día desde…"),
        icon="update",
        url_path="catch-up",
        permissions=["catch_up"],
        extra_options={"handles_get": True},
    )
    def catch_up(self, request: HttpRequest) -> HttpResponse:
        """The form; after it, the same address with what was asked for follows how much is left."""
        form = CatchUpForm(request.POST if request.method == "POST" else None, staff=request.user)
        if form.is_valid():
            with refusals_on(form):
                since, tenant = form.cleaned_data["since"], form.cleaned_data["tenant"]
                found = catch_up(since, tenant=tenant, actor=actor_of(request))
                text = ngettext(
                    "{n} pendiente tiene su turno ahora.",
                    "{n} pendientes tienen su turno ahora.",
                    found.total,
                )
                messages.success(request, text.format(n=found.total))
                query = {
                    "since": since.isoformat(timespec="minutes"),
                    "of": found.total,
                    **({"tenant": tenant.uid} if tenant else {}),
                }
                return HttpResponseRedirect(f"{request.path}?{urlencode(query)}")
        progress = self._progress(request)
        if "HX-Request" in request.headers and progress:
            return TemplateResponse(request, "admin/invoicing/catch_up/progress.html", progress)
        request.current_app = self.admin_site.name
        context = {
            **self.admin_site.each_context(request),
            **progress,
            "title": _("Ponerse al día después de una caída"),
            "opts": self.opts,
            "assets": ASSETS,
            "form": form,
            "back": self._back_address(request, None),
        }
        return TemplateResponse(request, "admin/invoicing/catch_up/page.html", context)

    def _progress(self, request: HttpRequest) -> dict[str, Any]:
        """How much is left of what the address names; nothing when it names nothing that the person may see."""
        try:
            since = datetime.fromisoformat(request.GET.get("since", ""))
            wanted = uuid.UUID(request.GET["tenant"]) if request.GET.get("tenant") else None
        except ValueError:
            return {}
        if timezone.is_naive(since):
            return {}
        tenant = tenants_for(request.user).filter(uid=wanted).first() if wanted else None
        if wanted and tenant is None:
            return {}
        left = backlog(since, actor=actor_of(request), tenant=tenant)
        asked = request.GET.get("of", "")
        total = max(int(asked) if asked.isdecimal() and len(asked) < 10 else 0, left.total)
        return {
            "since": moment(since),
            "tenant": tenant,
            "left": left.total,
            "total": total,
            "done": total - left.total,
            "rows": _rows(left),
            "fragment_address": request.get_full_path(),
        }


def _rows(left: Backlog) -> list[tuple[Any, int]]:
    return [(_LABELS[name], count) for name, count in asdict(left).items()]
