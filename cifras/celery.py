"""The Celery application: `celery -A cifras worker`, `celery -A cifras beat`."""

import os
from typing import Any

from celery import Celery, Task
from celery.signals import task_postrun, task_prerun
from django.db import close_old_connections

from cifras.core.scopes import all_tenants

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cifras.settings.local")


class SystemTask(Task):  # type: ignore[type-arg]
    """A task works for all tenants."""

    abstract = True

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        with all_tenants(reason=f"task {self.name}"):
            return self.run(*args, **kwargs)


app = Celery("cifras", task_cls=SystemTask)
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

# Celery is told to keep its connections (CELERY_DB_REUSE_MAX), so we drop those that are too old or broken.
task_prerun.connect(close_old_connections, dispatch_uid="close old connections before a task")
task_postrun.connect(close_old_connections, dispatch_uid="close old connections after a task")
