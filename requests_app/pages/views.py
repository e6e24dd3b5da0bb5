"""Taking a step from any page: what can come of it, each in words."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar, cast
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from portal.ca.tokens import services as tokens
from portal.core.rules import Refused
from portal.core.steps import IllegalStep
from requests_app.errors import Barred, NotEditable, StaleVersion
from requests_app.models import Dossier
from requests_app.pages import components, wording
from requests_app.steps.engine import take_step
from requests_app.steps.forms import StepForm
from requests_app.workflow import Action

if TYPE_CHECKING:
    from portal.accounts.models import UserRequest

View = TypeVar("View", bound=Callable[..., HttpResponse])


def shows_conflict(view: View) -> View:
    """Answer an act on a dossier that came too late with the page of the conflict.

    Too late: somebody changed it, took the step, sent it off, or took an earlier step and may not
    take this one. 404 when it has gone out of sight.
    """

    @wraps(view)
    def wrapped(request: UserRequest, uuid: UUID, **kwargs: Any) -> HttpResponse:
        try:
            return view(request, uuid, **kwargs)
        except (StaleVersion, IllegalStep, NotEditable, Barred):
            return conflict(request, uuid)
        except Dossier.DoesNotExist as error:
            raise Http404 from error

    return cast("View", wrapped)


def take(request: UserRequest, dossier: Dossier, form: StepForm) -> HttpResponse | None:
    """Take the step the form asks for and return where to go next; the view ``shows_conflict``.

    None: it was not taken; the form carries why, in errors or in ``violations``.
    """
    if not form.is_valid():
        return None
    typed = form.cleaned_data
    try:
        take_step(
            dossier,
            typed["action"],
            actor=request.user,
            now=timezone.now(),
            version=typed["version"],
            reason_code=typed["reason_code"],
            reason=typed["reason"],
            pin=typed["pin"],
            signed_elsewhere=typed["signed_file"].read() if typed["signed_file"] else b"",
        )
    except Refused as refusal:
        form.violations = list(refusal.violations)
        return None
    except Barred:
        form.add_error(
            None,
            _(
                "Anh/chị đã tham gia một bước trước của hồ sơ này nên bước này phải do người khác "
                "thực hiện."
            ),
        )
        return None
    except (tokens.WrongPin, tokens.Locked, tokens.NoPinYet) as refusal:
        form.add_error("pin", pin_words(refusal))
        return None
    if Dossier.objects.visible_to(request.user).filter(pk=dossier.pk).exists():
        return redirect("requests_app:done", dossier.uuid)
    messages.success(
        request,
        _("%(done)s. Hồ sơ không còn ở đơn vị anh/chị.")
        % {"done": wording.done_of(Action(typed["action"]))},
    )
    return redirect("home")


def try_step(request: UserRequest, dossier: Dossier) -> tuple[StepForm | None, HttpResponse | None]:
    """Take the step a desk's page was sent with; return the form that came back, or where to go."""
    if request.method != "POST":
        return None, None
    form = components.step_form(
        dossier,
        request.POST.get("action", ""),
        data=request.POST,
        reasons=components.active_reasons(),
    )
    return form, take(request, dossier, form)


def pin_words(refusal: tokens.WrongPin | tokens.Locked | tokens.NoPinYet) -> str:
    """Say in words why a PIN did not open the key."""
    if isinstance(refusal, tokens.WrongPin):
        return _("Mã PIN không đúng. Thiết bị còn cho thử %(tries)s lần trước khi khóa.") % {
            "tries": refusal.tries_left
        }
    if isinstance(refusal, tokens.Locked):
        return _(
            "Thiết bị đã bị khóa do nhập sai mã PIN nhiều lần. Lập hồ sơ khôi phục thiết bị "
            "(Mẫu 06) gửi Sở KH&CN để mở khóa."
        )
    return _(
        "Thiết bị chưa có mã PIN. Đặt mã PIN ở trang Thiết bị: khi nhận bàn giao, hoặc mã PIN mới "
        "sau khi khôi phục."
    )


def conflict(request: UserRequest, uuid: UUID) -> HttpResponse:
    """Show that somebody else changed the dossier meanwhile: nothing was overwritten."""
    found = Dossier.objects.visible_to(request.user).select_related("agency", "office", "addressee")
    now_is = found.filter(uuid=uuid).first()
    if now_is is None:
        raise Http404
    context = {
        "dossier": now_is,
        "events": now_is.events.select_related("actor").order_by("-at", "-pk")[:3],
        "typed": components.typed_in(request.POST),
    }
    return render(request, "requests_app/conflict.html", context, status=409)
