"""The words of the workflow: procedures and the routes they may take, states, actions, needs."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Procedure(models.TextChoices):
    """What a form asks for; RoutingRule sends each its way."""

    ISSUE = "issue", _("Cấp mới")
    RENEW_CHANGE = "renew_change", _("Gia hạn, thay đổi thông tin")
    REVOKE = "revoke", _("Thu hồi")
    RECOVER = "recover", _("Khôi phục thiết bị")
    HANDOVER_NOTICE = "handover_notice", _("Thông báo bàn giao")
    RETURN_DEVICE = "return_device", _("Giao, nhận lại thiết bị")
    REPORT_LOSS = "report_loss", _("Xác nhận thất lạc")


class Route(models.TextChoices):
    """Which bodies a dossier passes; given by a RoutingRule, frozen at submission."""

    VIA_OFFICE = "via_office", _("Qua Sở KH&CN, Sở chuyển Cục")
    DIRECT = "direct", _("Gửi thẳng Cục, Sở theo dõi")
    OFFICE_ONLY = "office_only", _("Sở KH&CN tự giải quyết")
    NOTICE = "notice", _("Thông báo, biên bản: chỉ ghi nhận")
    MINUTES = "minutes", _("Biên bản giao nhận: Cục xác nhận từng thiết bị")
    OFFICE_MINUTES = "office_minutes", _("Biên bản giao nhận: Sở KH&CN xác nhận từng thiết bị")


class State(models.TextChoices):
    """Where a dossier stands."""

    DRAFT = "draft", _("Đang soạn")
    AWAITING_SIGNATURE = "awaiting_signature", _("Chờ lãnh đạo ký")
    AWAITING_SEAL = "awaiting_seal", _("Chờ văn thư ký số cơ quan và gửi")
    SUBMITTED = "submitted", _("Đã gửi")
    RETURNED = "returned", _("Bị trả lại để hoàn thiện")
    FORWARDED = "forwarded", _("Sở đã chuyển Cục")
    DECIDED = "decided", _("Đã xử lý từng dòng, chờ phê duyệt")
    ACCEPTED = "accepted", _("Đã phê duyệt, chờ thực hiện")
    EXECUTING = "executing", _("Đang thực hiện")
    COMPLETED = "completed", _("Hoàn thành")
    PARTLY_COMPLETED = "partly_completed", _("Hoàn thành một phần")
    EXECUTION_FAILED = "execution_failed", _("Thực hiện bị lỗi")
    REJECTED = "rejected", _("Bị từ chối")
    WITHDRAWN = "withdrawn", _("Đã rút")


class Action(models.TextChoices):
    """What can be done to a dossier; the label is the button's text."""

    REQUEST_SIGNATURE = "request_signature", _("Trình lãnh đạo ký")
    REVISE = "revise", _("Lấy lại để sửa")
    SEND_BACK_TO_DRAFT = "send_back_to_draft", _("Yêu cầu soạn lại")
    SIGN = "sign", _("Ký văn bản")
    SEAL = "seal", _("Ký số cơ quan và gửi")
    RETURN = "return", _("Trả lại để hoàn thiện")
    FORWARD = "forward", _("Chuyển Cục Chứng thực số")
    DECIDE = "decide", _("Trình phê duyệt kết quả")
    SEND_BACK = "send_back", _("Yêu cầu xử lý lại")
    CONFIRM = "confirm", _("Phê duyệt")
    REJECT = "reject", _("Phê duyệt từ chối toàn bộ")
    ACKNOWLEDGE = "acknowledge", _("Xác nhận đã nhận")
    TAKE_ALL = "take_all", _("Xác nhận đã nhận đủ thiết bị")
    TAKE_SOME = "take_some", _("Xác nhận chỉ nhận một phần")
    WITHDRAW = "withdraw", _("Rút hồ sơ")
    START = "start", _("Bắt đầu thực hiện")
    COMPLETE = "complete", _("Hoàn thành")
    COMPLETE_PARTLY = "complete_partly", _("Hoàn thành một phần")
    FAIL = "fail", _("Thực hiện bị lỗi")
    RETRY = "retry", _("Thực hiện lại")
    STOP = "stop", _("Dừng do đơn vị gửi chấm dứt hoạt động")
    STOP_REST = "stop_rest", _("Dừng phần còn lại do đơn vị gửi chấm dứt hoạt động")
    REOPEN = "reopen", _("Soạn lại dưới tên đơn vị kế thừa")


class Needs(models.TextChoices):
    """What must hold about the rows for a step to be open."""

    NOTHING = "nothing", ""
    ALL_ROWS_DECIDED = "all_rows_decided", _("mọi dòng đã được chấp nhận hoặc từ chối")
    SOME_ROW_ACCEPTED = "some_row_accepted", _("có ít nhất một dòng được chấp nhận")
    ALL_ROWS_ACCEPTED = "all_rows_accepted", _("mọi dòng đã được xác nhận có đủ")
    ROWS_OF_BOTH = "rows_of_both", _("có dòng nhận được và có dòng không nhận được")
    ALL_ROWS_REFUSED = "all_rows_refused", _("mọi dòng đều bị từ chối")


PETITIONS = frozenset({Route.VIA_OFFICE, Route.DIRECT, Route.OFFICE_ONLY})
HANDING_BACK = frozenset({Route.MINUTES, Route.OFFICE_MINUTES})
ALL_ROUTES = frozenset(Route)
_OWN_ROUTES = {
    Procedure.HANDOVER_NOTICE: frozenset({Route.NOTICE}),
    Procedure.REPORT_LOSS: frozenset({Route.NOTICE}),
    Procedure.RETURN_DEVICE: HANDING_BACK,
}


def routes_of(procedure: str) -> frozenset[Route]:
    """Return the routes a procedure can take: petitions are decided, notices are recorded, what is
    given back is confirmed device by device."""
    return _OWN_ROUTES.get(Procedure(procedure), PETITIONS)
