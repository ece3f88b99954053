from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class InvoicingConfig(AppConfig):
    name = "invoicing"
    verbose_name = _("Documentos")

    def ready(self) -> None:
        from invoicing.services.verdicts import declare_acts

        declare_acts()
