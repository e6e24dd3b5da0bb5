"""What was typed into a form that could not be taken: it is shown or sent again, secrets apart."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.http import HttpRequest
from django.utils.http import url_has_allowed_host_and_scheme

_SECRET_BEGINNINGS = ("csrfmiddlewaretoken", "pin", "password")
_SECRETS = frozenset({"old", "old_password", "new_password", "repeated"})


def is_secret(name: str) -> bool:
    """Say whether a field of this name holds what never goes back into a page."""
    return name in _SECRETS or name.startswith(_SECRET_BEGINNINGS)


def typed_fields(request: HttpRequest) -> list[tuple[str, str]]:
    """Return what was sent, in its order; no secret is among it."""
    sensitive = getattr(request, "sensitive_post_parameters", ())
    if sensitive == "__ALL__":
        return []
    return [
        (name, text)
        for name, texts in request.POST.lists()
        if name not in sensitive and not is_secret(name)
        for text in texts
    ]


def page_of_form(request: HttpRequest) -> str:
    """Return the path of our page on which a form stood that was sent here."""
    page = request.headers.get("Referer", "")
    if not url_has_allowed_host_and_scheme(page, {request.get_host()}, request.is_secure()):
        return request.get_full_path()
    parts = urlsplit(page)
    path = f"{parts.path}?{parts.query}" if parts.query else parts.path
    # A path may itself look like another site's address: //somewhere/else.
    return path if url_has_allowed_host_and_scheme(path, None) else request.get_full_path()
