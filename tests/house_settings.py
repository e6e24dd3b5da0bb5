"""Settings of the processes that tests start: the portal's own, with quick keys and passwords.

Such processes open hundreds of key files and PINs; each costs 0.2 s with the portal's own.
"""

from portal.settings import *  # noqa: F403

SCRYPT_COST = 2**4
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
