"""The pages of a company beyond its form, and the way to each."""

from collections.abc import Callable, Iterator
from typing import Any

from django.urls import path, reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_post_parameters

from cifras.core.rights import may
from tenants.admin.certificate_change import CertificateChangeMixin, may_change_certificate
from tenants.admin.life_pages import LifePagesMixin, has_dv
from tenants.admin.summary_pages import SummaryPagesMixin
from tenants.admin.wizard.uploads import in_memory_only
from tenants.models import Tenant

_keeps_secrets = sensitive_post_parameters("password", "authentication_password")


def _is_open(tenant: Tenant) -> bool:
    return tenant.state != Tenant.State.CLOSED


def _is_open_with_dv(tenant: Tenant) -> bool:
    return _is_open(tenant) and has_dv(tenant)


# Name, title, icon, rights, and when it makes sense.
_PAGES: tuple[tuple[str, Any, str, tuple[str, ...], Callable[[Tenant], bool]], ...] = (
    (
        "certificate",
        _("Cambiar el certificado"),
        "badge",
        ("tenants.onboard_tenant",),
        may_change_certificate,
    ),
    ("tax_id", _("Verificar el RUC"), "fact_check", ("tenants.onboard_tenant",), _is_open_with_dv),
    (
        "promote",
        _("Promover a producción"),
        "rocket_launch",
        ("tenants.onboard_tenant",),
        lambda tenant: not tenant.is_live and _is_open(tenant),
    ),
    ("summary", _("Resumen"), "summarize", ("tenants.view_tenant",), lambda _tenant: True),
    (
        "who",
        _("Quién puede verla"),
        "visibility",
        ("tenants.view_tenant", "tenants.view_staffgrant"),
        lambda _tenant: True,
    ),
    ("close", _("Cerrar la empresa"), "lock", ("tenants.close_tenant",), _is_open),
)


def pages_of(tenant: Tenant, staff: Any) -> Iterator[tuple[Any, str, str]]:
    """Title, icon and address of what `staff` may do with the company now."""
    for name, title, icon, rights, makes_sense in _PAGES:
        if all(may(staff, right) for right in rights) and makes_sense(tenant):
            yield title, icon, reverse(f"admin:tenants_tenant_{name}", args=[tenant.uid])


class TenantPagesMixin(CertificateChangeMixin, LifePagesMixin, SummaryPagesMixin):
    """All of them."""

    def get_urls(self) -> list[Any]:
        doors: dict[str, Any] = {
            "tax_id": self.guarded_view(self.tax_id_view),
            "promote": self.guarded_view(self.promote_view),
            "close": self.guarded_view(self.close_view),
            "summary": self.guarded_view(self.summary_view),
            "summary_file": self.guarded_view(self.summary_file_view),
            "who": self.guarded_view(self.who_view),
            "certificate": in_memory_only(_keeps_secrets(self.guarded_view(self.certificate_view))),
        }
        return [
            path(
                f"<path:object_id>/{name.replace('_', '-')}/",
                door,
                name=f"{self.opts.app_label}_{self.opts.model_name}_{name}",
            )
            for name, door in doors.items()
        ] + super().get_urls()
