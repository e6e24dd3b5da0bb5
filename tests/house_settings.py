"""Settings of the processes that tests start: the portal's own, with quick keys and passwords.

Such processes open hundreds of key files and PINs; each costs 0.2 s with the portal's own. Nothing
waits for the disk, 5 to 12 ms a file: what a power cut would lose, no test looks for.
"""

import os

os.fsync = lambda fd: None

from portal.settings import *  # noqa: E402, F403
from portal.settings import DATABASES  # noqa: E402

SCRYPT_COST = 2**4
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
if init := DATABASES["default"].get("OPTIONS", {}).get("init_command"):  # SQLite's
    DATABASES["default"]["OPTIONS"]["init_command"] = f"{init}PRAGMA synchronous=OFF;"
