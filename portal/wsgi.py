"""The WSGI entry point."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

# Loads the settings, which what follows reads.
_application = get_wsgi_application()

from portal.core.web.middleware import Repeating  # noqa: E402

application = Repeating(_application)
