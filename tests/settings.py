"""Settings of the test suite: those of its processes, EC keys, a folder of its own."""

import os
import tempfile

_folder = tempfile.mkdtemp(prefix="portal-tests-")
os.environ.update(DEBUG="1", SIMULATION="1", DATA_DIR=_folder, CA_ALGORITHM="ec")
os.environ.setdefault("SIGNED_PAPERS", "0")  # dossiers' stories go on without the papers' own way
# What a power cut would lose, no test looks for; processes that tests start follow suit.
os.environ["PGOPTIONS"] = "-c synchronous_commit=off"

from tests.house_settings import *  # noqa: E402, F403

DEBUG = False
ALLOWED_HOSTS = ["testserver", "127.0.0.1", "localhost"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
WHITENOISE_AUTOREFRESH = True  # or every client goes through all static files first
