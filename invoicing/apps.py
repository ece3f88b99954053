from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class InvoicingConfig(AppConfig):
    name = "invoicing"
    verbose_name = _("Documentos")

    def ready(self) -> None:
        from invoicing.services import verdicts, void_approvals

        verdicts.declare_acts()
        void_approvals.declare_acts()
