from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_delete, post_save
from django.utils.translation import gettext_lazy as _


class TenantsConfig(AppConfig):
    name = "tenants"
    verbose_name = _("Empresas")

    def ready(self) -> None:
        for signal in (post_save, post_delete):
            signal.connect(_forget_sights, sender="tenants.StaffGrant", dispatch_uid="tenants.forget_sights")


def _forget_sights(**_: Any) -> None:
    from cifras.core.scopes import forget_sights

    forget_sights()
