"""Requests no view is to see as they come: with a NUL in them, or in conflict with another's.

What met somebody else's request in the database is repeated while nothing of it is committed.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from io import BytesIO
from typing import Any

from django.core.exceptions import BadRequest
from django.core.handlers.wsgi import WSGIRequest
from django.core.signals import request_started
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse, UnreadablePostError
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.http import parse_header_parameters
from django.utils.translation import gettext as _

from portal.core.database.conflicts import TRIES, Commits, is_conflict, is_race, pause_after
from portal.core.web.typed import typed_fields

logger = logging.getLogger(__name__)
_TRY = "portal.try"  # in the environ: which try this is
_AGAIN = "portal.again"  # in the environ: it is to be tried again
_MOST_KEPT = 16 * 2**20  # of a body: what is longer is not repeated
_RETRY_AFTER = 5  # seconds

_CHARSETS = frozenset({"utf-8", "utf8", "us-ascii"})
_NO_CODEC = "foreign"  # a charset Django passes over, and RefusesUnreadable refuses


def names_no_foreign_codec(environ: dict[str, Any], **_signal: object) -> None:
    """Put a name without a codec in the place of a foreign charset, before the request is made.

    Making it, Django reads the query in the charset the body is said to have, and fails where that
    is a codec of bytes (``hex``) or no header can be read from it: no middleware is there yet.
    """
    kind = str(environ.get("CONTENT_TYPE") or "")
    try:
        _kind, parameters = parse_header_parameters(kind)
        is_ours = parameters.get("charset", "utf-8").strip().lower() in _CHARSETS
    except (ValueError, LookupError):
        is_ours = False
    if not is_ours:
        environ["CONTENT_TYPE"] = f"{kind.partition(';')[0]}; charset={_NO_CODEC}"


request_started.connect(names_no_foreign_codec)


class RefusesUnreadable:
    """Answers 400 to a body in another charset than UTF-8, to a NUL in address, cookie or header.

    PostgreSQL and file systems take no NUL; a charset may name a codec that reads no text at all.

    From what was typed into a form (or pasted, unseen) it is left out. The API's fields refuse it.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        sent = [value for name, value in request.META.items() if name.startswith("HTTP_")]
        if (
            "%00" in request.META.get("QUERY_STRING", "")
            or "\0" in request.path_info
            or any("\0" in str(value) for value in (*sent, *request.COOKIES.values()))
        ):
            raise BadRequest("a NUL in address, cookie or header")
        length = str(request.META.get("CONTENT_LENGTH") or 0)
        if not (length.isascii() and length.isdigit()):
            raise BadRequest("a length of the body that is no number")
        charset = (request.content_params or {}).get("charset", "utf-8")
        if charset.strip().lower() not in _CHARSETS:
            raise BadRequest("a body in another charset than UTF-8")
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: object, args: object, kwargs: object
    ) -> None:
        if request.method != "POST" or getattr(view, "csrf_exempt", False):
            return
        try:
            fields = dict(request.POST.lists())
        except UnreadablePostError:
            return  # the visitor is gone
        if any("\0" in text for name, values in fields.items() for text in (name, *values)):
            cleaned = request.POST.copy()
            cleaned.clear()
            for name, values in fields.items():
                cleaned.setlist(name.replace("\0", ""), [one.replace("\0", "") for one in values])
            request.POST = cleaned  # type: ignore[assignment]


class SafeHeaders:
    """Says of each answer what a browser may do with it: keep nothing, use no device of its own.

    Only what is for everybody (a view that asks for no sign-in, outside the API) may be kept.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        response.headers.setdefault("Permissions-Policy", _NOTHING_OF_THE_DEVICE)
        match = request.resolver_match
        is_public = match is not None and not getattr(match.func, "login_required", True)
        if not is_public or request.path.startswith("/api/"):
            response["Cache-Control"] = "private, no-store"
        return response


_NOTHING_OF_THE_DEVICE = ", ".join(
    f"{feature}=()"
    for feature in (
        "accelerometer",
        "autoplay",
        "camera",
        "display-capture",
        "encrypted-media",
        "geolocation",
        "gyroscope",
        "hid",
        "idle-detection",
        "local-fonts",
        "magnetometer",
        "microphone",
        "midi",
        "payment",
        "publickey-credentials-create",
        "screen-wake-lock",
        "serial",
        "usb",
        "xr-spatial-tracking",
    )
)


class Conflicts:
    """Answers a view that met a conflict: with another try, then with a page that keeps what was
    typed. Stands last, so that no other middleware is between it and the view."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        request.commits = Commits()  # type: ignore[attr-defined]
        with connection.execute_wrapper(request.commits):  # type: ignore[attr-defined]
            return self.get_response(request)

    def process_exception(self, request: WSGIRequest, error: Exception) -> HttpResponse | None:
        is_to_be_told = is_conflict(error)
        if not is_to_be_told and not is_race(error):
            return None
        has_committed: bool = request.commits.are_any  # type: ignore[attr-defined]
        number = request.environ.get(_TRY, TRIES)
        if number < TRIES and not has_committed:
            request.environ[_AGAIN] = True
            again = HttpResponse(status=503)  # what a session would save is not saved
            again._has_been_logged = True  # type: ignore[attr-defined]  # as an answer to somebody
            return again
        if not is_to_be_told:
            return None  # not a race after all
        logger.error("a request met a conflict for good: %s", request.path, exc_info=error)
        wants_json = "application/json" in request.headers.get("Accept", "")
        response: HttpResponse
        if wants_json or request.path.startswith("/api/"):
            detail = _("Nhiều người đang làm việc trên cùng dữ liệu. Gửi lại yêu cầu sau ít giây.")
            response = JsonResponse({"code": "busy", "detail": detail}, status=503)
        else:
            context = {
                "has_committed": has_committed,
                "typed": [] if has_committed else typed_fields(request),
                "has_files": bool(request.FILES),
            }
            response = render(request, "503.html", context, status=503)
        response["Retry-After"] = str(_RETRY_AFTER)
        return response


class Repeating:
    """The WSGI application, given each request that asks for it again, as it came."""

    def __init__(self, application: Callable[..., Iterable[bytes]]) -> None:
        self.application = application

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        # What is sent is kept, so that it can be read again, unless it is too long for that.
        length = int(environ.get("CONTENT_LENGTH") or 0)
        first = TRIES
        if length <= _MOST_KEPT:
            first = 1
            environ["wsgi.input"] = BytesIO(environ["wsgi.input"].read(length) if length else b"")
        for number in range(first, TRIES + 1):
            asked = environ | {_TRY: number}
            begun = _Begun()
            response = self.application(asked, begun)
            if not asked.get(_AGAIN):
                break
            if close := getattr(response, "close", None):
                close()
            logger.warning("%(REQUEST_METHOD)s %(PATH_INFO)s was repeated", environ)
            environ["wsgi.input"].seek(0)
            pause_after(number)
        start_response(*begun.arguments)
        return response


class _Begun:
    """Keeps how an answer begins until it is known to be the last."""

    arguments: tuple[Any, ...] = ()

    def __call__(self, *arguments: Any) -> None:
        self.arguments = arguments
