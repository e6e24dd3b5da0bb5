"""Settings of the test suite: the portal's own, quick hashing, EC keys, a folder of its own."""

import os
import tempfile

_folder = tempfile.mkdtemp(prefix="portal-tests-")
os.environ.update(DEBUG="1", SIMULATION="1", DATA_DIR=_folder, CA_ALGORITHM="ec")

from portal.settings import *  # noqa: E402, F403
from portal.settings import DATABASES  # noqa: E402

DEBUG = False
ALLOWED_HOSTS = ["testserver", "127.0.0.1", "localhost"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"

if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # A file, as in life: threads and WAL behave as they do there.
    DATABASES["default"]["TEST"] = {"NAME": f"{_folder}/test.sqlite3"}
