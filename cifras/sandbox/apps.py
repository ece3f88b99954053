"""The sandbox as a Django app: only so that `manage.py` finds its command."""

from django.apps import AppConfig


class SandboxConfig(AppConfig):
    name = "cifras.sandbox"
    label = "sandbox"
    verbose_name = "PAC de práctica"
