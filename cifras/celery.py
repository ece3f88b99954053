"""The Celery application: `celery -A cifras worker`, `celery -A cifras beat`."""

import os

from celery import Celery
from celery.signals import task_postrun, task_prerun
from django.db import close_old_connections

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cifras.settings.local")

app = Celery("cifras")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

# Celery is told to keep its connections (CELERY_DB_REUSE_MAX), so we drop those that are too old or broken.
task_prerun.connect(close_old_connections, dispatch_uid="close old connections before a task")
task_postrun.connect(close_old_connections, dispatch_uid="close old connections after a task")
