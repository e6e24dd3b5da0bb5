"""A form that was sent after its session had ended: kept through signing in, for its account alone.

The sign-in page carries the fields sealed, so nobody reads them there. That a form is a page's of
ours, and whose, its CSRF token tells: at sign-in the browser is given a mark of the token's secret
and the account, and a form is given back only where both agree with a mark. Another site knows no
secret, and another account has no mark of this one.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidTag
from django.middleware import csrf

from portal.core.database.fields import decrypt, encrypt, keyed_hash
from portal.core.web.cookies import cookie_name, set_safe_cookie
from portal.core.web.typed import page_of_form, typed_fields

if TYPE_CHECKING:
    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

    from portal.accounts.models import User

FIELD = "kept"  # of the sign-in page; in the session, until it has been sent
RESENT = "resent"  # a form that is sent again says so
_COOKIE = "marks"
_MOST_MARKS = 6  # sign-ins of one browser
_MOST_SEALED = 4 * 2**20  # characters; what is longer is not carried


@dataclass(frozen=True, slots=True)
class KeptForm:
    """What was sent, and where: the address it goes to and the page it stood on."""

    path: str
    page: str
    fields: list[tuple[str, str]]
    files: list[str]  # names of files chosen: they can't be kept
    secret: str  # of the CSRF token it was sent with

    def is_of(self, user: User, request: HttpRequest) -> bool:
        """Say whether it was sent from a page that this browser showed to ``user``."""
        return _mark(self.secret, user) in _marks(request)

    def sealed(self) -> str:
        """Return it as text that only the server reads; "" when it is too long to be carried."""
        sealed = encrypt(json.dumps(asdict(self), ensure_ascii=False))
        return sealed if len(sealed) <= _MOST_SEALED else ""


def form_sent(request: HttpRequest) -> KeptForm | None:
    """Return the form of this POST, None where no page shown to an account can have sent it."""
    token = request.POST.get("csrfmiddlewaretoken", "")
    is_token = len(token) == csrf.CSRF_TOKEN_LENGTH and set(token) <= set(csrf.CSRF_ALLOWED_CHARS)
    if not is_token or not _marks(request):
        return None
    return KeptForm(
        path=request.get_full_path(),
        page=page_of_form(request),
        fields=typed_fields(request),
        files=[file.name or "" for files in request.FILES.lists() for file in files[1] if file],
        secret=csrf._unmask_cipher_token(token),  # type: ignore[attr-defined]
    )


def unsealed(text: str) -> KeptForm | None:
    """Return the form that ``KeptForm.sealed`` gave as text; None for any other text."""
    try:
        return KeptForm(**json.loads(decrypt(text)))
    except (ValueError, TypeError, InvalidTag):
        return None


def mark_pages(response: HttpResponseBase, request: HttpRequest, user: User) -> None:
    """Note in the browser that the pages of this session are ``user``'s; they have just signed in.

    What the mark is made of nobody can read from it.
    """
    csrf.get_token(request)
    marks = [_mark(request.META["CSRF_COOKIE"], user), *_marks(request)]
    set_safe_cookie(response, _COOKIE, ".".join(marks[:_MOST_MARKS]))


def forget_pages(response: HttpResponseBase) -> None:
    """Take back every mark: whoever signs out has nothing kept."""
    response.delete_cookie(cookie_name(_COOKIE), samesite="Lax")


def _marks(request: HttpRequest) -> list[str]:
    return [mark for mark in request.COOKIES.get(cookie_name(_COOKIE), "").split(".") if mark]


def _mark(secret: str, user: User) -> str:
    return keyed_hash(f"{secret}|{user.uuid}")
