"""Signing in and out, and choosing a password."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.contrib.auth import login, update_session_auth_hash
from django.contrib.auth.views import LoginView, LogoutView
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods
from django_htmx.http import HttpResponseClientRefresh

from portal.accounts import services, sessions, sign_in, throttle
from portal.accounts.addresses import client_address
from portal.accounts.forms import PasswordChangeForm, SignInForm
from portal.core.web.refusals import Refusals

if TYPE_CHECKING:
    from portal.accounts.models import UserRequest


@method_decorator(require_http_methods(["GET", "HEAD", "POST"]), name="dispatch")
class SignIn(LoginView):
    """The page of account name and password; the session begins anew with it."""

    form_class = SignInForm  # type: ignore[assignment]  # it does not authenticate: sign_in does
    template_name = "accounts/sign_in.html"
    redirect_authenticated_user = True

    def get(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        if request.headers.get("HX-Request"):
            return HttpResponseClientRefresh()  # a part of a page was asked for: the page goes
        return super().get(request, *args, **kwargs)

    def form_valid(self, form: SignInForm) -> HttpResponse:  # type: ignore[override]
        now = timezone.now()
        try:
            user = sign_in.check(
                form.cleaned_data["username"],
                form.cleaned_data["password"],
                address=client_address(self.request),
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
            login(self.request, user)
            sessions.touch(self.request.session, now=now)
            return HttpResponseRedirect(self.get_success_url())
        return self.form_invalid(form)  # type: ignore[arg-type]


class SignOut(LogoutView):
    """Ends the session; on a shared machine nobody gets back to what was shown."""

    def post(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        response = super().post(request, *args, **kwargs)
        response["Clear-Site-Data"] = '"cache"'
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
                return redirect("home")
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
