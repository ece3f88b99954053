"""What holds a company's queue: one page, one "reanudar", never hundreds of rejected documents."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import Count, F, IntegerField, OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from unfold.contrib.filters.admin import DropdownFilter
from unfold.decorators import action, display
from unfold.enums import ActionVariant

from cifras.core.admin.badges import GREEN, RED, Badge
from cifras.core.admin.filters import VisibleAutocompleteFilter
from cifras.core.admin.refusals import StaffDialogForm
from cifras.core.admin.staff_admin import ReadOnlyStaffAdmin
from cifras.core.rights import may
from cifras.fiscal.lifecycle import Submission
from invoicing.admin import exports
from invoicing.admin.catch_up_page import CatchUpMixin
from invoicing.admin.deeds import actor_of
from invoicing.admin.figures import as_received, stamp
from invoicing.models import Document, Incident
from invoicing.services import incidents
from tenants.models import Onboarding


class OpenFilter(DropdownFilter):
    """Open, or released."""

    title = gettext_lazy("estado")
    parameter_name = "open"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("yes", gettext_lazy("Abiertas")), ("no", gettext_lazy("Reanudadas"))]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() not in {"yes", "no"}:
            return queryset
        return queryset.filter(released_at__isnull=self.value() == "yes")


class ReleaseForm(StaffDialogForm):
    """Nothing to fill in: the dialog tells what will happen."""


@admin.register(Incident)
class IncidentPage(CatchUpMixin, ReadOnlyStaffAdmin):
    """Incidents, the open ones first."""

    list_export = exports.INCIDENTS
    list_display = ("condition", "tenant", "what", "said", "waiting", "times_seen", "opened")
    list_display_links = ("condition", "tenant")
    list_select_related = ("tenant",)
    list_filter = (("tenant", VisibleAutocompleteFilter), OpenFilter)
    list_filter_submit = True
    ordering = (F("released_at").desc(nulls_first=True), "-id")
    actions_detail = ("release",)
    fieldsets = (
        (None, {"fields": ("condition", "tenant", "what", "said", "waiting", "way_back")}),
        (gettext_lazy("Cuándo"), {"fields": (("opened", "times_seen"), ("released", "released_by"))}),
        (gettext_lazy("Rastro"), {"fields": (("code", "http_status"), "exchange")}),
    )
    readonly_fields = ("condition", "what", "said", "waiting", "way_back", "opened", "released", "exchange")

    class Media:
        css = {"all": ("cifras/documents.css", "cifras/pages.css")}

    def get_queryset(self, request: HttpRequest) -> Any:
        held = Document.objects.filter(
            tenant=OuterRef("tenant"), submission=Submission.QUEUED, held_reason=OuterRef("code")
        )
        counted = held.order_by().values("tenant").annotate(count=Count("pk")).values("count")
        return (
            super()
            .get_queryset(request)
            .select_related("tenant")
            .annotate(documents_held=Coalesce(Subquery(counted, output_field=IntegerField()), 0))
        )

    def has_release_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return may(request.user, "invoicing.release_incident")

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> Any:
        incident: Any = self.get_object(request, str(object_id))
        if incident is None or incident.released_at:
            return []
        return super().get_actions_detail(request, object_id)

    @action(
        description=gettext_lazy("Reanudar"),
        icon="play_circle",
        variant=ActionVariant.PRIMARY,
        permissions=["release"],
        dialog={
            "title": gettext_lazy("Reanudar la cola"),
            "description": gettext_lazy(
                "Los documentos retenidos salen de inmediato hacia el PAC. Si la causa sigue, se abre otra incidencia y "
                "vuelven a quedar retenidos: no se pierde ni se repite ninguno."
            ),
            "form_class": ReleaseForm,
            "form_submit_text": gettext_lazy("Reanudar"),
        },
    )
    def release(self, request: HttpRequest, form: ReleaseForm, object_id: str) -> None:
        incident: Any = self.require_object(request, object_id)
        count = incidents.release(incident, actor=actor_of(request))
        text = ngettext(
            "La cola se reanudó: {count} documento vuelve a salir.",
            "La cola se reanudó: {count} documentos vuelven a salir.",
            count,
        )
        messages.success(request, text.format(count=count))

    @display(description=gettext_lazy("estado"), ordering="released_at")
    def condition(self, incident: Incident) -> Badge:
        if incident.released_at:
            return Badge(_("Reanudada"), "check_circle", GREEN)
        return Badge(_("Abierta"), "report", RED)

    @display(description=gettext_lazy("qué pasó"))
    def what(self, incident: Incident) -> SafeString:
        return format_html('<span class="cf-wide">{}</span>', incident.message)

    @display(description=gettext_lazy("lo que dijo el PAC"))
    def said(self, incident: Incident) -> SafeString | str:
        if not incident.provider_words:
            return "—"
        return format_html(
            '<span class="cf-wide cf-said">«{}»</span>', as_received(incident.provider_words, 500)
        )

    @display(description=gettext_lazy("en espera"))
    def waiting(self, incident: Any) -> str:
        if incident.released_at:
            return "—"
        count = incident.documents_held
        return ngettext("{count} documento", "{count} documentos", count).format(count=count)

    @display(description=gettext_lazy("cómo se sale"))
    def way_back(self, incident: Incident) -> SafeString | str:
        tenant = incident.tenant
        if incident.released_at:
            return "—"
        if tenant.may_issue_live or tenant.affiliation_lapsed_at is None:
            return _("Corrija la causa y reanude.")
        onboarding = Onboarding.objects.filter(tenant=tenant).first()
        if onboarding is None:
            return _("Rehaga la afiliación en el portal del PAC, consúltela en la empresa y reanude.")
        address = reverse("admin:tenants_tenant_onboard_step", args=[onboarding.uid, "request_affiliation"])
        return format_html('<a class="cf-link" href="{}">{}</a>', address, _("Rehacer la afiliación"))

    @display(description=gettext_lazy("abierta"), ordering="opened_at")
    def opened(self, incident: Incident) -> SafeString | str:
        return stamp(incident.opened_at)

    @display(description=gettext_lazy("reanudada"))
    def released(self, incident: Incident) -> SafeString | str:
        return stamp(incident.released_at)

    @display(description=gettext_lazy("intercambio"))
    def exchange(self, incident: Incident) -> SafeString | str:
        if not incident.exchange_id:
            return "—"
        address = reverse("admin:tenants_exchange_change", args=[incident.exchange_id])
        return format_html('<a class="cf-link" href="{}">{}</a>', address, incident.exchange_id)
