from importlib import import_module

from celery.signals import task_prerun
from django.apps import AppConfig
from django.core import checks
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class CoreConfig(AppConfig):
    name = "cifras.core"
    verbose_name = _("Personal y auditoría")

    def ready(self) -> None:
        from cifras.core.append_only import check_managers, install_triggers
        from cifras.core.sign_in import traces
        from cifras.core.waking import begin_task_act

        import_module("cifras.celery")  # so that shared_task finds its app in every process
        checks.register(check_managers, checks.Tags.models)
        task_prerun.connect(begin_task_act, dispatch_uid="cifras.core.waking")
        traces.connect()
        post_migrate.connect(install_triggers, dispatch_uid="cifras.core.append_only")
