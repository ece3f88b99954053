from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class ReportsConfig(AppConfig):
    name = "reports"
    verbose_name = _("Informes")

    def ready(self) -> None:
        from reports.services.billing import issuing
        from reports.services.closing.acts import declare_acts

        declare_acts()
        issuing.declare_acts()
        post_migrate.connect(_sync, sender=self, dispatch_uid="reports.reference_data")


def _sync(**_: Any) -> None:
    from reports.services.reference import sync_reference_data

    sync_reference_data()
