"""What ``manage.py check --deploy`` says about settings a real portal must not run with."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core import checks

_NO_MAIL = ("filebased", "console", "dummy", "locmem")
_MIDDLEWARE = [
    "portal.accounts.middleware.SessionEnds",
    "portal.accounts.middleware.SignInFirst",
    "portal.accounts.middleware.OwnPassword",
    "portal.accounts.middleware.LooksOnly",
]


@checks.register(checks.Tags.security, deploy=True)
def simulation_is_off(**_: Any) -> list[checks.CheckMessage]:
    """In the simulation tokens are files and certificates mean nothing."""
    if not settings.SIMULATION or settings.DEBUG:
        return []
    return [
        checks.Warning(
            "SIMULATION is on while DEBUG is off: virtual tokens and the simulated CA are in use.",
            hint="Unset SIMULATION unless this is a demonstration.",
            id="portal.W001",
        )
    ]


@checks.register(checks.Tags.security, deploy=True)
def mail_leaves_the_house(**_: Any) -> list[checks.CheckMessage]:
    """Notices that nobody gets are no notices."""
    if not any(name in settings.EMAIL_BACKEND for name in _NO_MAIL):
        return []
    return [
        checks.Warning(
            "E-mail is kept on this machine and reaches nobody.",
            hint="Set EMAIL_URL to the mail server's address.",
            id="portal.W002",
        )
    ]


@checks.register(checks.Tags.security, deploy=True)
def public_url_is_the_real_one(**_: Any) -> list[checks.CheckMessage]:
    """Links in mails and the addresses in certificates are made from PUBLIC_URL."""
    host = urlsplit(settings.PUBLIC_URL).hostname or ""
    if host not in {"", "localhost", "127.0.0.1"}:
        return []
    return [
        checks.Warning(
            f"PUBLIC_URL is {settings.PUBLIC_URL!r}: links in mails and certificates lead nowhere.",
            hint="Set PUBLIC_URL to the address people and verifiers use.",
            id="portal.W003",
        )
    ]


@checks.register(checks.Tags.security, deploy=True)
def secrets_differ(**_: Any) -> list[checks.CheckMessage]:
    """Whoever learns one secret must not learn the others."""
    if settings.SECRET_KEY != settings.FIELD_KEY:
        return []  # CA_PASSPHRASE is compared with both where it is read: in the worker
    message = "SECRET_KEY and FIELD_KEY must be two different secrets."
    return [checks.Error(message, id="portal.E001")]


@checks.register(checks.Tags.security, deploy=True)
def sessions_are_watched(**_: Any) -> list[checks.CheckMessage]:
    """What ends sessions stands before what asks for a sign-in; one's own password comes after."""
    if [name for name in settings.MIDDLEWARE if name in _MIDDLEWARE] == _MIDDLEWARE:
        return []
    return [
        checks.Error(
            "MIDDLEWARE must hold SessionEnds, SignInFirst, OwnPassword and LooksOnly, in order.",
            id="portal.E002",
        )
    ]
