"""Mirrors: what is issued at a provider without us, how far it has come here, and what needs a person."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.contrib.filters.admin import DropdownFilter
from unfold.decorators import display

from cifras.core.admin.badges import Badge
from cifras.core.admin.big_list import ReadOnlyBigListAdmin
from cifras.core.admin.filters import VisibleAutocompleteFilter
from cifras.core.exports.lists import NotExported
from cifras.core.rights import may
from invoicing.admin import mirror_shown
from invoicing.admin.assets import ASSETS
from invoicing.admin.deeds import actor_of
from invoicing.admin.figures import stamp
from invoicing.models import Mirror
from invoicing.services.mirroring import pulling
from invoicing.services.mirroring.standing import troubled

PULL = "invoicing.import_document"


class TroubleFilter(DropdownFilter):
    """Those that somebody should look at."""

    title = gettext_lazy("problemas")
    parameter_name = "trouble"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("yes", gettext_lazy("Con problemas o por atender"))]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return troubled(queryset) if self.value() == "yes" else queryset


@admin.register(Mirror)
class MirrorPage(ReadOnlyBigListAdmin):
    """One row per company whose provider lists what was issued there."""

    list_export = NotExported("it shows how far a queue has come; the documents have lists of their own")
    list_display = ("company", "standing", "completed", "read", "fresh")
    list_display_links = ("company",)
    list_select_related = ("tenant",)
    list_filter = (("tenant", VisibleAutocompleteFilter), TroubleFilter)

    class Media:
        css = {"all": ("cifras/documents.css", "cifras/pages.css")}

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("tenant")

    def get_urls(self) -> list[Any]:
        name = f"{self.opts.app_label}_{self.opts.model_name}"
        fragment: Any = self.guarded_view(self.fragment_view)
        pull: Any = self.guarded_view(self.pull_view)
        return [
            path("<path:object_id>/fragment/", fragment, name=f"{name}_fragment"),
            path("<path:object_id>/pull/", pull, name=f"{name}_pull"),
            *super().get_urls(),
        ]

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        mirror = self._seen(request, object_id)
        if request.method not in {"GET", "HEAD"}:
            raise PermissionDenied
        request.current_app = self.admin_site.name
        context = {
            **self.admin_site.each_context(request),
            **self._context(request, mirror),
            "title": _("Documentos emitidos en el PAC: {tenant}").format(tenant=mirror.tenant),
            "opts": self.opts,
            "assets": ASSETS,
        }
        return TemplateResponse(request, "admin/invoicing/mirror/page.html", context)

    def fragment_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The page's changing part, for following the workers."""
        mirror = self._seen(request, object_id)
        return TemplateResponse(
            request, "admin/invoicing/mirror/fragment.html", self._context(request, mirror)
        )

    def pull_view(self, request: HttpRequest, object_id: str) -> HttpResponse | None:
        """Have the list read now, from its beginning if that is asked for."""
        mirror = self._seen(request, object_id)
        if not may(request.user, PULL):
            raise PermissionDenied
        if request.method == "POST":
            whole = request.POST.get("whole") == "yes"
            pulling.pull_now(mirror.tenant, whole=whole, actor=actor_of(request))
            messages.success(request, _("Se lee la lista en seguida; esta página sigue el avance."))
            return HttpResponseRedirect(self.address_of(mirror))
        return None

    def _seen(self, request: HttpRequest, object_id: str) -> Any:
        mirror: Any = self.require_object(request, object_id)
        if not self.has_view_permission(request, mirror):
            raise PermissionDenied
        return mirror

    def _context(self, request: HttpRequest, mirror: Mirror) -> dict[str, Any]:
        lists = [
            (
                title,
                f"{reverse(f'admin:invoicing_{name}_changelist')}?origin=pac&tenant__id__exact={mirror.tenant_id}",
            )
            for title, name in (
                (_("Ver facturas y boletas"), "invoice"),
                (_("Ver notas de crédito"), "credit"),
            )
            if may(request.user, f"invoicing.view_{name}")
        ]
        return {
            **mirror_shown.shown(mirror),
            "original": mirror,
            "lists": lists,
            "may_pull": may(request.user, PULL),
            "fragment_address": self.address_of(mirror, "fragment"),
            "pull_address": self.address_of(mirror, "pull"),
        }

    @display(description=gettext_lazy("empresa"))
    def company(self, mirror: Mirror) -> str:
        return str(mirror.tenant)

    @display(description=gettext_lazy("estado"))
    def standing(self, mirror: Mirror) -> Badge:
        return mirror_shown.badge_of(mirror)

    @display(description=gettext_lazy("última vuelta completa"))
    def completed(self, mirror: Mirror) -> Any:
        return stamp(mirror.completed_at)

    @display(description=gettext_lazy("listados en la última"))
    def read(self, mirror: Mirror) -> int:
        return mirror.rows_read

    @display(description=gettext_lazy("nuevos en la última"))
    def fresh(self, mirror: Mirror) -> int:
        return mirror.rows_new
