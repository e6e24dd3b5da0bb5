"""Choosing a password by a mailed link or by a code in halves, without being signed in."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods, require_safe

from portal.accounts import services, sign_in, throttle
from portal.accounts.addresses import browser_mark, client_address
from portal.accounts.forms import CodeForm, NewPasswordForm
from portal.accounts.models import PasswordChoice
from portal.accounts.views.sign_in import closed_words
from portal.core.web.refusals import Refusals

_IN_HAND = "password_choice"  # the session holds the hash that the database holds, never the link


@login_not_required
@sensitive_variables("token")
@never_cache
@require_safe
def open_link(request: HttpRequest, token: str) -> HttpResponse:
    """Take the secret out of the address at once; a mail scanner that opens it uses nothing up."""
    choice = services.choice_of_link(token, now=timezone.now())
    return _go_on(request, choice)


@login_not_required
@sensitive_post_parameters()
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def enter_code(request: HttpRequest) -> HttpResponse:
    """Ask for the account name and both halves; tries run out as they do at sign-in."""
    form = CodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            with Refusals() as refused:
                choice = sign_in.check_code(
                    **form.cleaned_data,
                    place=sign_in.Place(client_address(request), browser_mark(request)),
                    now=timezone.now(),
                )
                return _go_on(request, choice)
            refused.put_on(form)
        except throttle.Closed as refusal:
            form.add_error(None, closed_words(refusal))
    return render(request, "accounts/enter_code.html", {"form": form})


@login_not_required
@sensitive_post_parameters()
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def choose_password(request: HttpRequest) -> HttpResponse:
    """Let the owner choose; whoever else is signed in at this browser is not touched."""
    now = timezone.now()
    choice = services.choice_in_hand(request.session.get(_IN_HAND, ""), now=now)
    if choice is None:
        violations = services.link_is_over().violations
        return render(request, "accounts/link_is_over.html", {"violations": violations})
    form = NewPasswordForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with Refusals() as refused:
            services.choose_password(choice, form.cleaned_data["new_password"], now=now)
            del request.session[_IN_HAND]
            messages.success(request, _("Đã đặt mật khẩu. Xin đăng nhập bằng mật khẩu mới."))
            return redirect("accounts:login")
        refused.put_on(form, "new_password")
    context = {"form": form, "account": choice.user, "is_reset": choice.change_id is not None}
    return render(request, "accounts/choose_password.html", context)


def _go_on(request: HttpRequest, choice: PasswordChoice | None) -> HttpResponse:
    if choice is not None:
        request.session[_IN_HAND] = choice.secret_hash
    else:
        request.session.pop(_IN_HAND, None)
    response = redirect("accounts:choose_password")
    # This address alone holds the secret. Not on the pages after it: a browser that may send no
    # referrer says "Origin: null" of their forms, which are then taken for another site's.
    response["Referrer-Policy"] = "no-referrer"
    return response
