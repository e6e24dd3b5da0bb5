"""What stops a request, as JSON: which thing went wrong, in a code and in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.exceptions import ObjectDoesNotExist
from django.http import Http404
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework import serializers, status
from rest_framework.exceptions import ErrorDetail
from rest_framework.response import Response
from rest_framework.views import exception_handler

from portal.accounts import sign_in, throttle
from portal.ca.tokens import services as tokens
from portal.core.rules import Refused, Violation
from portal.core.steps import IllegalStep
from portal.documents import services as documents
from requests_app.errors import Barred, NotEditable, StaleVersion

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise


class ViolationSerializer(serializers.Serializer[Violation]):
    """One rule that stops an act."""

    code = serializers.CharField()
    message = serializers.CharField()
    article = serializers.CharField(help_text="Source of the rule, empty when none is named.")
    row = serializers.IntegerField(allow_null=True, help_text="Number in the list, from 1.")
    way_out = serializers.CharField(help_text="What can be done instead.")
    link = serializers.CharField(help_text="Path of the page the way out speaks of, or empty.")


class RefusalSerializer(serializers.Serializer[Any]):
    """Why an act is refused (422)."""

    code = serializers.CharField()
    detail = serializers.CharField()
    violations = ViolationSerializer(many=True)


class ProblemSerializer(serializers.Serializer[Any]):
    """Why a request could not be served (401, 403, 404, 409, 429)."""

    code = serializers.CharField()
    detail = serializers.CharField()


def answer_to(error: Exception, context: dict[str, Any]) -> Response | None:
    """Turn what the services raise into an answer; DRF does the rest (and None is a 500)."""
    match error:
        case Refused():
            return _refusal("refused", error.violations)
        case tokens.WrongPin() | tokens.Locked() | tokens.NoPinYet():
            return _refusal("pin", [_pin_violation(error)])
        case throttle.Closed():
            answer = _problem(
                "too_many_failures",
                _("Đã nhập sai quá nhiều lần; thử lại sau %(time)s.")
                % {"time": f"{timezone.localtime(error.until):%H:%M:%S %d/%m/%Y}"},
                status.HTTP_429_TOO_MANY_REQUESTS,
            )
            seconds = (error.until - timezone.now()).total_seconds()
            answer["Retry-After"] = str(max(1, int(seconds) + 1))
            return answer
        case ObjectDoesNotExist():
            return _known(Http404(), context)
    if isinstance(error, documents.Damaged):
        user = context["request"].user
        actor = user if user.is_authenticated else None
        documents.record_damage(error, actor=actor, now=timezone.now())
    for kind, code, http_status, words in _PROBLEMS:
        if isinstance(error, kind):
            return _problem(code, str(words) % vars(error), http_status)
    return _known(error, context)


def _known(error: Exception, context: dict[str, Any]) -> Response | None:
    """Answer what DRF knows, its single details as a problem with a code."""
    answer = exception_handler(error, context)
    detail = answer.data.get("detail") if answer and isinstance(answer.data, dict) else None
    if answer is not None and isinstance(detail, ErrorDetail):
        answer.data = {"code": detail.code, "detail": str(detail)}
    return answer


# What is raised, its code and status, its words.
_PROBLEMS: tuple[tuple[type[Exception], str, int, _StrPromise], ...] = (
    (
        IllegalStep,
        "illegal_step",
        status.HTTP_409_CONFLICT,
        gettext_lazy("Hồ sơ ở trạng thái này không có việc đó cho vai trò của tài khoản."),
    ),
    (
        StaleVersion,
        "stale_version",
        status.HTTP_409_CONFLICT,
        gettext_lazy("Hồ sơ đã thay đổi: đang ở phiên bản %(current)d, yêu cầu nói %(seen)d."),
    ),
    (
        NotEditable,
        "not_editable",
        status.HTTP_409_CONFLICT,
        gettext_lazy("Hồ sơ không còn là bản đang soạn."),
    ),
    (
        documents.Damaged,
        "document_damaged",
        status.HTTP_409_CONFLICT,
        gettext_lazy("Tệp của văn bản đã mất hoặc bị thay đổi so với lúc lưu; không dùng được."),
    ),
    (
        Barred,
        "barred",
        status.HTTP_403_FORBIDDEN,
        gettext_lazy("Người này đã tham gia bước trước nên bước này phải do người khác thực hiện."),
    ),
    (
        sign_in.WrongPassword,
        "wrong_password",
        status.HTTP_401_UNAUTHORIZED,
        gettext_lazy("Tên đăng nhập hoặc mật khẩu không đúng."),
    ),
)


def _pin_violation(error: tokens.WrongPin | tokens.Locked | tokens.NoPinYet) -> Violation:
    if isinstance(error, tokens.WrongPin):
        message = _("Mã PIN không đúng; còn %(tries)d lần thử.") % {"tries": error.tries_left}
        return Violation("wrong_pin", message)
    if isinstance(error, tokens.Locked):
        return Violation(
            "device_locked",
            _("Thiết bị đã bị khóa do nhập sai mã PIN nhiều lần."),
            way_out=_("Lập hồ sơ khôi phục thiết bị (Mẫu 06)."),
        )
    return Violation("no_pin_yet", _("Thiết bị chưa có mã PIN: chưa bàn giao, hoặc mới khôi phục."))


def _refusal(code: str, violations: Any) -> Response:
    data = {
        "code": code,
        "detail": "; ".join(violation.message for violation in violations),
        "violations": ViolationSerializer(violations, many=True).data,
    }
    return Response(data, status=status.HTTP_422_UNPROCESSABLE_ENTITY)


def _problem(code: str, detail: str, http_status: int) -> Response:
    return Response({"code": code, "detail": detail}, status=http_status)
