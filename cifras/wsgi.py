"""The door for gunicorn: `gunicorn cifras.wsgi`."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cifras.settings.local")

application = get_wsgi_application()
