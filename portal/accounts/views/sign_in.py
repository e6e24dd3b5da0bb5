"""Signing in and out, and choosing a password."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login, logout, update_session_auth_hash
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import LoginView, LogoutView
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.http.response import HttpResponseBase
from django.middleware.csrf import get_token
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods
from django_htmx.http import HttpResponseClientRefresh

from portal.accounts import kept, services, sessions, sign_in, throttle
from portal.accounts.addresses import browser_mark, client_address, keep_mark, new_mark
from portal.accounts.forms import PasswordChangeForm, SignInForm
from portal.accounts.models import User
from portal.core.web.refusals import Refusals

if TYPE_CHECKING:
    from portal.accounts.models import UserRequest


@method_decorator(
    [login_not_required, never_cache, require_http_methods(["GET", "HEAD", "POST"])],
    name="dispatch",
)
class SignIn(LoginView):
    """The page of account name and password; the session begins anew with it.

    A page whose session has ended asks by script, for JSON: it stays where it is.
    """

    form_class = SignInForm  # type: ignore[assignment]  # it does not authenticate: sign_in does
    template_name = "accounts/sign_in.html"

    def dispatch(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        if request.user.is_authenticated and not _wants_json(request):
            return self._go_on(request.user)
        return super().dispatch(request, *args, **kwargs)

    def get(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        if request.headers.get("HX-Request"):
            return HttpResponseClientRefresh()  # a part of a page was asked for: the page goes
        return super().get(request, *args, **kwargs)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        sealed = self.request.POST.get(kept.FIELD, "")
        return super().get_context_data(**kwargs) | {"kept": sealed}

    def form_valid(self, form: SignInForm) -> HttpResponse:  # type: ignore[override]
        now = timezone.now()
        mark = browser_mark(self.request) or new_mark()
        place = sign_in.Place(client_address(self.request), mark)
        try:
            user = sign_in.check(
                form.cleaned_data["username"],
                form.cleaned_data["password"],
                place=place,
                now=now,
                request=self.request,
            )
        except sign_in.WrongPassword as refusal:
            left = refusal.tries_left
            out_of_tries = _(
                "Tên đăng nhập hoặc mật khẩu không đúng. Đã hết lượt thử; "
                "xin chờ rồi thử lại, hoặc đề nghị quản trị hệ thống đặt lại mật khẩu."
            )
            tries_left = ngettext(
                "Tên đăng nhập hoặc mật khẩu không đúng. Còn %(left)d lần thử.",
                "Tên đăng nhập hoặc mật khẩu không đúng. Còn %(left)d lần thử.",
                left,
            )
            form.add_error(None, tries_left % {"left": left} if left else out_of_tries)
        except throttle.Closed as refusal:
            form.add_error(None, closed_words(refusal))
        else:
            if self.request.user.is_authenticated:
                logout(self.request)  # the session that is about to end
            login(self.request, user)
            sessions.touch(self.request.session, now=now)
            sign_in.enter(user, place, now=now)
            response = self._go_on(user)
            keep_mark(response, mark, lasts=settings.KNOWN_PLACE_LASTS)
            kept.mark_pages(response, self.request, user)
            return response
        return self.form_invalid(form)

    def form_invalid(self, form: Any) -> HttpResponse:
        if _wants_json(self.request):
            errors = [str(error) for errors in form.errors.values() for error in errors]
            return JsonResponse({"errors": errors}, status=400)
        return super().form_invalid(form)

    def _go_on(self, user: User) -> HttpResponse:
        """Lead to what the signed-in wanted, before that to the form that was kept for them."""
        if _wants_json(self.request):
            return JsonResponse(_state(self.request))
        sealed = self.request.POST.get(kept.FIELD, "")
        if (form := kept.unsealed(sealed)) is None:
            return HttpResponseRedirect(self.get_success_url())
        if not form.is_of(user, self.request):
            words = _("Nội dung chưa lưu của tài khoản dùng trước trên máy này đã được bỏ.")
            messages.info(self.request, words)
            return redirect("home")
        self.request.session[kept.FIELD] = sealed
        return redirect("accounts:kept")


def ask_to_sign_in(request: HttpRequest, form: kept.KeptForm) -> HttpResponse:
    """Answer a form whose session has ended: the sign-in page, which carries it on."""
    context = {
        "form": SignInForm(),
        "next": form.page,
        "kept": form.sealed(),
        "files": form.files,
        "is_interrupted": True,
    }
    return render(request, "accounts/sign_in.html", context, status=403)


def stale_page(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer a form whose CSRF token is not the session's (Django's CSRF_FAILURE_VIEW).

    Nothing of it is done. It can be sent again with one press where it comes from a page that this
    browser showed to who is signed in now; where nobody is, they sign in first.
    """
    is_over = not request.user.is_authenticated or sessions.is_over(
        request.session, now=timezone.now()
    )
    if _wants_json(request):
        return JsonResponse({"signed_out" if is_over else "stale": True}, status=403)
    form = kept.form_sent(request)
    if form is not None and form.path.partition("?")[0] == reverse("accounts:login"):
        # Two windows stood at the sign-in page: what the other has begun goes on here.
        return redirect("accounts:login")
    if form is not None and is_over:
        return ask_to_sign_in(request, form)
    if form is not None and not (
        request.user.is_authenticated and form.is_of(request.user, request)
    ):
        form = None
    return render(request, "403_csrf.html", {"kept": form}, status=403)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def kept_form(request: UserRequest) -> HttpResponse:
    """Show that a form was kept through signing in: it is sent again, or dropped, by a press."""
    form = kept.unsealed(request.session.get(kept.FIELD, ""))
    if form is None:
        return redirect("home")
    if request.method == "POST":
        del request.session[kept.FIELD]
        return HttpResponseRedirect(form.page)
    return render(request, "accounts/kept.html", {"kept": form})


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def session_state(request: HttpRequest) -> HttpResponse:
    """Tell a page's script whose session this is and how long it lasts; a POST goes on with it.

    Asking keeps no session alive.
    """
    now = timezone.now()
    is_over = sessions.is_over(request.session, now=now)
    if request.method == "POST" and request.user.is_authenticated and not is_over:
        sessions.touch(request.session, now=now)
    return JsonResponse(_state(request))


def _state(request: HttpRequest) -> dict[str, Any]:
    now = timezone.now()
    user = request.user
    if not user.is_authenticated or sessions.is_over(request.session, now=now):
        return {"account": "", "token": get_token(request)}
    return {
        "account": str(user.uuid),
        "token": get_token(request),
        "left": sessions.seconds_left(request.session, now=now),
        "most": sessions.most_left(request.session, now=now),
        "place": reverse("accounts:password_change") if user.must_change_password else "",
    }


def _wants_json(request: HttpRequest) -> bool:
    return request.headers.get("Accept") == "application/json"


class SignOut(LogoutView):
    """Ends the session; on a shared machine nobody gets back to what was shown or typed."""

    def post(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        if isinstance(request.user, User):
            sign_in.leave(request.user, now=timezone.now())
        response = super().post(request, *args, **kwargs)
        response["Clear-Site-Data"] = '"cache", "storage"'
        kept.forget_pages(response)
        return response


@sensitive_post_parameters()
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def password_change(request: UserRequest) -> HttpResponse:
    """Let who is signed in choose a new password."""
    form = PasswordChangeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        now = timezone.now()
        old, new = form.cleaned_data["old_password"], form.cleaned_data["new_password"]
        try:
            sign_in.check_own_password(request.user, old, now=now)
            with Refusals() as refused:
                user = services.change_password(request.user, new, actor=request.user, now=now)
                update_session_auth_hash(request, user)
                messages.success(
                    request, _("Đã đổi mật khẩu. Các phiên khác của tài khoản đã kết thúc.")
                )
                return redirect("accounts:kept" if kept.FIELD in request.session else "home")
            refused.put_on(form, "new_password")
        except sign_in.WrongPassword:
            form.add_error("old_password", _("Mật khẩu đang dùng không đúng."))
        except throttle.Closed as refusal:
            form.add_error("old_password", closed_words(refusal))
    return render(request, "accounts/password_change.html", {"form": form})


def closed_words(refusal: throttle.Closed) -> str:
    """Return when the door opens again."""
    opens_at = timezone.localtime(refusal.until)
    return _(
        "Đã nhập sai quá nhiều lần. Có thể thử lại sau %(time)s ngày %(day)s; "
        "nếu cần gấp, đề nghị quản trị hệ thống đặt lại mật khẩu."
    ) % {"time": f"{opens_at:%H:%M:%S}", "day": f"{opens_at:%d/%m/%Y}"}
