"""The frame of the staff site (django-unfold): name, colours, side menu. The apps are named by string."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse, reverse_lazy
from django.utils.translation import gettext_lazy as _


def _may(permission: str) -> Callable[[HttpRequest], bool]:
    return lambda request: request.user.has_perm(permission)


def _page(title: Any, icon: str, model: str) -> dict[str, Any]:
    """A menu entry for the list of `model` ("app_model"), shown to those who may view it."""
    app, _underscore, name = model.rpartition("_")
    return {
        "title": title,
        "icon": icon,
        "link": reverse_lazy(f"admin:{model}_changelist"),
        "permission": _may(f"{app}.view_{name}"),
    }


def _among_tenants(request: HttpRequest) -> bool:
    """The onboarding and the capabilities stand below the tenants' list and have entries of their own."""
    own = tuple(reverse(f"admin:tenants_tenant_{name}") for name in ("onboard", "capabilities"))
    is_below = request.path.startswith(reverse("admin:tenants_tenant_changelist"))
    return is_below and not request.path.startswith(own)


UNFOLD = {
    "SITE_TITLE": "Cifras",
    "SITE_HEADER": "Cifras",
    "SITE_SUBHEADER": _("Facturación electrónica"),
    "SITE_SYMBOL": "receipt_long",
    "SITE_URL": None,
    "SITE_FAVICONS": [
        {
            "rel": "icon",
            "type": "image/svg+xml",
            "href": lambda request: static("cifras/favicon.svg"),
        }
    ],
    "SHOW_LANGUAGES": True,
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": False,
    "SHOW_BACK_BUTTON": True,
    "ACCOUNT": {
        "navigation": [
            {"title": _("Mi cuenta y sesiones"), "link": reverse_lazy("sign_in:account")},
            {"title": _("Cambiar la contraseña"), "link": reverse_lazy("admin:password_change")},
        ]
    },
    "ENVIRONMENT": "reports.home.environment",
    "DASHBOARD_CALLBACK": "reports.home.dashboard",
    "BORDER_RADIUS": "6px",
    "COLORS": {
        # Teal: blue, green, amber and red are taken by the badges.
        "primary": {
            "50": "oklch(98.4% .014 180.72)",
            "100": "oklch(95.3% .051 180.801)",
            "200": "oklch(91% .096 180.426)",
            "300": "oklch(85.5% .138 181.071)",
            "400": "oklch(77.7% .152 181.912)",
            "500": "oklch(70.4% .14 182.503)",
            "600": "oklch(51.1% .096 186.391)",
            "700": "oklch(46% .085 187)",
            "800": "oklch(43.7% .078 188.216)",
            "900": "oklch(38.6% .063 188.416)",
            "950": "oklch(27.7% .046 192.524)",
        },
    },
    "SIDEBAR": {
        "show_search": False,
        "show_all_applications": False,
        "navigation": [
            {
                "items": [{"title": _("Inicio"), "icon": "home", "link": reverse_lazy("admin:index")}],
            },
            {
                "title": _("Documentos"),
                "items": [
                    _page(_("Facturas"), "receipt_long", "invoicing_invoice"),
                    _page(_("Notas de crédito"), "assignment_return", "invoicing_credit"),
                    _page(_("Recibidos"), "move_to_inbox", "invoicing_received"),
                    _page(_("Correcciones"), "rule", "invoicing_correction"),
                    _page(_("Receptores"), "contacts", "invoicing_receiver"),
                    _page(_("Importar"), "upload_file", "invoicing_importbatch"),
                    _page(_("Emitidos en el PAC"), "cloud_download", "invoicing_mirror"),
                    _page(_("Numeración"), "tag", "invoicing_numberseries"),
                ],
            },
            {
                "title": _("Informes"),
                "items": [
                    {
                        "title": _("Documentos por empresa"),
                        "icon": "bar_chart",
                        "link": reverse_lazy("reports:documents"),
                        "active": lambda request: request.path == str(reverse_lazy("reports:documents")),
                        "permission": _may("reports.view_report"),
                    },
                    {
                        "title": _("Todas las empresas"),
                        "icon": "table_chart",
                        "link": reverse_lazy("reports:all_companies"),
                        "permission": _may("reports.view_report"),
                    },
                    {
                        "title": _("Conciliación"),
                        "icon": "balance",
                        "link": reverse_lazy("reports:reconciliation_now"),
                        "permission": _may("reports.view_report"),
                    },
                    {
                        "title": _("Libros del mes"),
                        "icon": "auto_stories",
                        "link": reverse_lazy("reports:month_end_now"),
                        "active": lambda request: "/reports/month-end/" in request.path,
                        "permission": _may("reports.view_books"),
                    },
                    _page(_("Tipos de cambio"), "currency_exchange", "reports_exchangerate")
                    | {"permission": _may("reports.view_books")},
                    {
                        "title": _("Facturación del servicio"),
                        "icon": "request_quote",
                        "link": reverse_lazy("reports:billing_now"),
                        "active": lambda request: "/reports/billing/" in request.path,
                        "permission": _may("reports.view_billing"),
                    },
                    _page(_("Planes"), "sell", "reports_plan") | {"permission": _may("reports.view_billing")},
                    _page(_("Suscripciones"), "loyalty", "reports_subscription")
                    | {"permission": _may("reports.view_billing")},
                    {
                        "title": _("Mis exportaciones"),
                        "icon": "download",
                        "link": reverse_lazy("admin:core_exportjob_changelist"),
                        "permission": "cifras.core.admin.export_pages.may_have_files",
                    },
                ],
            },
            {
                "title": _("Empresas"),
                "items": [
                    _page(_("Empresas"), "domain", "tenants_tenant") | {"active": _among_tenants},
                    {
                        "title": _("Habilitar empresas"),
                        "icon": "rocket_launch",
                        "link": reverse_lazy("admin:tenants_tenant_onboard"),
                        "permission": _may("tenants.onboard_tenant"),
                    },
                    _page(_("Sucursales"), "store", "tenants_office"),
                    _page(_("Accesos"), "key", "tenants_staffgrant"),
                    _page(_("Catálogos"), "menu_book", "tenants_catalogue"),
                    {
                        "title": _("Capacidades"),
                        "icon": "checklist",
                        "link": reverse_lazy("admin:tenants_tenant_capabilities"),
                        "permission": _may("tenants.view_tenant"),
                    },
                ],
            },
            {
                "title": _("Operación"),
                "items": [
                    _page(_("Por aprobar"), "how_to_reg", "core_proposal"),
                    _page(_("Incidencias"), "report", "invoicing_incident"),
                    _page(_("Entregas de webhooks"), "webhook", "invoicing_webhookdelivery"),
                    _page(_("Correos"), "mail", "invoicing_documentmail"),
                    _page(_("Intercambios PAC"), "swap_horiz", "tenants_exchange"),
                    _page(_("Línea de tiempo"), "timeline", "invoicing_timelineevent"),
                ],
            },
            {
                "title": _("Control"),
                "collapsible": True,
                "items": [
                    _page(_("Auditoría"), "policy", "core_auditentry"),
                    _page(_("Personal"), "badge", "core_staff"),
                    _page(_("Grupos"), "groups", "auth_group"),
                    _page(_("Tareas programadas"), "schedule", "django_celery_beat_periodictask"),
                ],
            },
        ],
    },
}
