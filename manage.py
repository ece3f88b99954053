#!/usr/bin/env python
"""Django's command line. Whoever may start commands is not one of the staff, so commands reach every tenant."""

import logging
import os
import sys

from django.core.management import execute_from_command_line

from cifras.core.scopes import all_tenants

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cifras.settings.local")
    with all_tenants(reason=f"command {' '.join(sys.argv[1:2])}".strip(), level=logging.INFO):
        execute_from_command_line(sys.argv)
