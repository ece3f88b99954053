"""The page "Capacidades de los proveedores": what each provider can do, from the registry, in the words of the staff."""

from collections.abc import Iterator, Mapping
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_safe

from cifras.core.admin.badges import AMBER, GREEN, GREY, Badge
from cifras.core.admin.staff_admin import StaffAdmin
from cifras.core.rights import may
from cifras.fiscal.document import Kind
from cifras.fiscal.voiding import Hours
from cifras.pac.contract import Capability, ProviderSpec
from cifras.pac.matrix import Offer, offer
from tenants.models import Tenant
from tenants.services.accounts import provider_spec
from tenants.services.providers import provider_names

ASSETS = forms.Media(css={"all": ("cifras/documents.css", "cifras/pages.css", "cifras/capabilities.css")})
VIEW = "tenants.view_tenant"

# What it is, and what it means for the work.
WORDS: Mapping[Capability, tuple[Any, Any]] = {
    Capability.ISSUE_INVOICE: (
        gettext_lazy("Emitir facturas"),
        gettext_lazy("En el Perú, facturas y boletas."),
    ),
    Capability.ISSUE_CREDIT: (gettext_lazy("Emitir notas de crédito"), ""),
    Capability.VOID_INVOICE: (
        gettext_lazy("Anular facturas"),
        gettext_lazy("En el Perú, comunicación de baja; las boletas van por resumen diario."),
    ),
    Capability.VOID_CREDIT: (gettext_lazy("Anular notas de crédito"), ""),
    Capability.FIND_BY_NUMBER: (
        gettext_lazy("Buscar por número"),
        gettext_lazy("Así se resuelve lo que quedó sin confirmar."),
    ),
    Capability.REPEAT_IS_REFUSED: (
        gettext_lazy("Rechaza un número repetido"),
        gettext_lazy("Permite repetir el mismo envío sin emitir dos veces."),
    ),
    Capability.PDF: (gettext_lazy("Entrega el PDF"), ""),
    Capability.XML: (gettext_lazy("Entrega el XML"), ""),
    Capability.WEBHOOK: (
        gettext_lazy("Avisa por webhook"),
        gettext_lazy("Sin él, los cambios se consultan cada cierto tiempo."),
    ),
    Capability.RESEND_WEBHOOK: (gettext_lazy("Reenvía un webhook a pedido"), ""),
    Capability.EMAIL: (gettext_lazy("Envía el correo al receptor"), ""),
    Capability.VERIFY_TAX_ID: (gettext_lazy("Consulta de RUC"), ""),
    Capability.CATALOGUE: (gettext_lazy("Catálogo de bienes y servicios"), ""),
    Capability.LOCATIONS: (gettext_lazy("Catálogo de ubicaciones"), ""),
    Capability.ONBOARD: (
        gettext_lazy("Crea y afilia empresas"),
        gettext_lazy("Sin ello, la empresa trae su cuenta y aquí se conecta."),
    ),
    Capability.REPLACE_CERTIFICATE: (gettext_lazy("Recibe otro certificado"), ""),
    Capability.STATEMENT: (
        gettext_lazy("Informe de documentos"),
        gettext_lazy("Las cifras contra las que se concilia."),
    ),
    Capability.MIRROR: (
        gettext_lazy("Copia de lo emitido allí"),
        gettext_lazy("Los documentos que no nacieron aquí aparecen en las mismas listas."),
    ),
}


class CapabilitiesMixin(StaffAdmin):
    """The page, below the tenants' list."""

    def get_urls(self) -> list[Any]:
        view: Any = self.guarded_view(require_safe(self.capabilities_view))
        return [path("capabilities/", view, name="tenants_tenant_capabilities"), *super().get_urls()]

    def capabilities_view(self, request: HttpRequest) -> HttpResponse:
        """A row for each capability, a column for each provider."""
        if not may(request.user, VIEW):
            raise PermissionDenied
        request.current_app = self.admin_site.name
        specs = [provider_spec(key) for key, _name in provider_names()]
        countries = dict(Tenant.Country.choices)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "assets": ASSETS,
            "title": _("Capacidades de los proveedores"),
            "providers": [(spec.name, countries[spec.country]) for spec in specs],
            "rows": [(*WORDS[each], [_badge(spec, each) for spec in specs]) for each in Capability],
            "limits": list(_limits(specs)),
        }
        return TemplateResponse(request, "admin/tenants/tenant/capabilities.html", context)


def _badge(spec: ProviderSpec, capability: Capability) -> Badge:
    match offer(spec, capability):
        case Offer.YES:
            return Badge(_("Sí"), "check_circle", GREEN)
        case Offer.ON_REQUEST:
            words = {each.name: each.label for each in spec.account}
            option = spec.on_request[capability]
            hint = _("Con la opción «{option}» de la cuenta").format(option=_(words.get(option, option)))
            return Badge(_("Opcional"), "toggle_on", AMBER, hint)
        case _:
            return Badge(_("No"), "remove", GREY)


def _limits(specs: list[ProviderSpec]) -> Iterator[tuple[Any, list[str]]]:
    yield _("Plazo para anular facturas"), [_window(spec, Kind.INVOICE) for spec in specs]
    yield _("Plazo para anular notas de crédito"), [_window(spec, Kind.CREDIT) for spec in specs]
    yield _("Motivo de una anulación"), [_reason(spec) for spec in specs]
    yield _("Informe más largo"), [_longest(spec) for spec in specs]


def _window(spec: ProviderSpec, kind: Kind) -> str:
    window = spec.void_windows.get(kind)
    if window is None:
        return "—"
    if isinstance(window, Hours):
        hours = settings.PAC_VOID_WINDOW_HOURS  # the one that counts, see .env.example
        return ngettext("{count} hora", "{count} horas", hours).format(count=hours)
    return ngettext("{count} día calendario", "{count} días calendario", window.days).format(
        count=window.days
    )


def _reason(spec: ProviderSpec) -> str:
    if not spec.void_windows:
        return "—"
    limits = spec.void_reason
    return _("de {minimum} a {maximum} caracteres").format(minimum=limits.minimum, maximum=limits.maximum)


def _longest(spec: ProviderSpec) -> str:
    if not spec.can(Capability.STATEMENT):
        return "—"
    return ngettext("{count} día", "{count} días", spec.statement_days).format(count=spec.statement_days)
