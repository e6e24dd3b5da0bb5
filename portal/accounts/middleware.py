"""What holds on every page for who is signed in: a session that ends, a password of one's own,
a while of looking only after it was reset."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from portal.accounts import kept, sessions, sign_in
from portal.accounts.views.sign_in import ask_to_sign_in
from portal.audit.look_only import LookOnly
from portal.core.web.typed import page_of_form

GetResponse = Callable[[HttpRequest], HttpResponseBase]
_WITH_ANY_PASSWORD = frozenset({"accounts:password_change", "accounts:logout"})


class SessionEnds:
    """Signs out whose session has lasted or stood idle for too long.

    Stands after AuthenticationMiddleware and before SignInFirst. A view marked
    ``is_background`` (asked for by the page itself, not by a person) keeps no session alive.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Any, args: object, kwargs: object
    ) -> HttpResponse | None:
        if not getattr(view, "login_required", True) or not request.user.is_authenticated:
            return None
        now = timezone.now()
        if sessions.is_over(request.session, now=now):
            key = request.session.session_key or ""
            sign_in.end_by_itself(request.user, key, now=now)
            logout(request)
            messages.info(request, _("Phiên làm việc đã hết hạn. Xin đăng nhập lại."))
            return None
        if not getattr(view, "is_background", False):
            sessions.touch(request.session, now=now)
        left = sessions.seconds_left(request.session, now=now)
        request.session_left = left  # type: ignore[attr-defined]  # for the page's script
        if request.method == "POST" and kept.RESENT in request.POST:
            request.session.pop(kept.FIELD, None)
        return None


class SignInFirst(LoginRequiredMiddleware):
    """Asks who is not signed in to sign in, and keeps the form that was sent.

    Of who asks for what is open to all nothing is read: its answer is the same for everybody.
    """

    def process_view(
        self, request: HttpRequest, view_func: Any, view_args: Any, view_kwargs: Any
    ) -> HttpResponseBase | None:
        if not getattr(view_func, "login_required", True):
            return None
        return super().process_view(request, view_func, view_args, view_kwargs)

    def handle_no_permission(  # type: ignore[override]  # a page, where Django only redirects
        self, request: HttpRequest, view_func: Any
    ) -> HttpResponse:
        if request.method != "POST":
            return super().handle_no_permission(request, view_func)
        if request.headers.get("Accept") == "application/json":
            return JsonResponse({"signed_out": True}, status=401)
        if form := kept.form_sent(request):
            return ask_to_sign_in(request, form)
        return redirect_to_login(page_of_form(request))


class OwnPassword:
    """Lets nobody past the page of a new password while theirs was made by somebody else."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Any, args: object, kwargs: object
    ) -> HttpResponse | None:
        if not getattr(view, "login_required", True) or not request.user.is_authenticated:
            return None
        match = request.resolver_match
        if match is not None and match.view_name in _WITH_ANY_PASSWORD:
            return None
        if not request.user.must_change_password:
            return None
        return redirect("accounts:password_change")


class LooksOnly:
    """Tells the pages whether the account only looks on, and answers what it may not do yet."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Any, args: object, kwargs: object
    ) -> HttpResponse | None:
        if getattr(view, "login_required", True) and request.user.is_authenticated:
            request.user.note_time(timezone.now())
        return None

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not isinstance(error, LookOnly):
            return None
        context = {"violations": error.violations}
        return render(request, "accounts/look_only.html", context, status=403)
