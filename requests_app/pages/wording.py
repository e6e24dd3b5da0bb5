"""A dossier in words: its state, what happens next, who has it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from portal.core.roles import Scope
from requests_app import kinds
from requests_app.models import Dossier
from requests_app.workflow import HANDING_BACK, PASSED_ON, Action, Route, State

if TYPE_CHECKING:
    from collections.abc import Mapping

    from portal.accounts.models import User

_TONES: Mapping[str, str] = {
    State.DRAFT: "neutral",
    State.AWAITING_SIGNATURE: "info",
    State.AWAITING_SEAL: "info",
    State.SUBMITTED: "info",
    State.RETURNED: "warning",
    State.FORWARDED: "info",
    State.DECIDED: "info",
    State.ACCEPTED: "info",
    State.EXECUTING: "info",
    State.COMPLETED: "success",
    State.PARTLY_COMPLETED: "warning",
    State.EXECUTION_FAILED: "danger",
    State.REJECTED: "danger",
    State.WITHDRAWN: "neutral",
}


def tone_of(state: str) -> str:
    """Return the tone of a state's tag."""
    return _TONES[state]


def state_for(dossier: Dossier, user: User) -> str:
    """Return the state in words: what its sender has sent waits for those who received it."""
    if dossier.state == State.SUBMITTED and user.scope in (Scope.OFFICE, Scope.CA):
        is_office = dossier.route in _FIRST_AT_THE_OFFICE
        return _("Chờ Sở xem xét") if is_office else _("Chờ Cục xem xét")
    return str(State(dossier.state).label)


_FIRST_AT_THE_OFFICE = (*PASSED_ON, Route.OFFICE_ONLY, Route.OFFICE_MINUTES)


def what_next(dossier: Dossier) -> str:
    """Say in one sentence, without its full stop, what happens to the dossier next."""
    agency = dossier.agency.name
    match dossier.state:
        case State.DRAFT:
            return _("Văn thư đang soạn; khi đủ thông tin thì trình lãnh đạo ký")
        case State.AWAITING_SIGNATURE:
            return _("Đang chờ lãnh đạo %(agency)s ký") % {"agency": agency}
        case State.AWAITING_SEAL:
            return _("Lãnh đạo đã ký; đang chờ văn thư ký số cơ quan và gửi")
        case State.RETURNED:
            return _("Văn thư xem lý do, sửa rồi trình lãnh đạo ký lại")
        case State.SUBMITTED | State.FORWARDED | State.DECIDED:
            return _with_a_desk(dossier)
        case _:
            return _of_the_portal(dossier)


def _with_a_desk(dossier: Dossier) -> str:
    office = dossier.office.name if dossier.office else ""
    is_offices = dossier.route in (Route.OFFICE_ONLY, Route.OUTSIDE)
    desk = office if dossier.route == Route.OFFICE_ONLY else dossier.addressee.name
    if dossier.state == State.DECIDED:
        desk = office if is_offices else desk
        return _("Các dòng đã xử lý; đang chờ người thứ hai của %(desk)s phê duyệt") % {
            "desk": desk
        }
    if dossier.route in HANDING_BACK:
        return _("Đang chờ %(desk)s nhận và xác nhận từng thiết bị") % {"desk": desk}
    if dossier.route == Route.NOTICE:
        return _("Đang chờ %(desk)s xác nhận đã nhận") % {"desk": desk}
    if dossier.state == State.SUBMITTED and dossier.route in PASSED_ON:
        return _("Đang chờ %(office)s xem xét và chuyển %(desk)s") % {
            "office": office,
            "desk": desk,
        }
    return _("Đang chờ %(desk)s xử lý từng dòng") % {"desk": desk}


def _of_the_portal(dossier: Dossier) -> str:
    is_handing_back = dossier.route in HANDING_BACK
    goes_on = dossier.state == State.WITHDRAWN and hasattr(dossier, "continued_by")
    return {
        State.ACCEPTED: _("Đã phê duyệt; hệ thống bắt đầu thực hiện trong ít phút"),
        State.EXECUTING: (
            _("Sở đã chuyển Cục; chờ Cục trả lời từng dòng")
            if dossier.route == Route.OUTSIDE
            else _("Đã chuyển hệ thống cấp chứng thư của CA; chờ trả lời từng dòng")
            if dossier.waits_for_another_ca()
            else _("Hệ thống đang thực hiện từng dòng; không cần làm gì thêm")
        ),
        State.COMPLETED: (
            _("Bên nhận đã nhận đủ thiết bị; xem văn bản xác nhận")
            if is_handing_back
            else str(kinds.get(dossier.kind).when_done or _("Hồ sơ đã xong"))
        ),
        State.PARTLY_COMPLETED: (
            _(
                "Bên nhận chỉ nhận một phần; thiết bị không nhận vẫn phải giao lại bằng biên bản "
                "khác, lý do có trong danh sách"
            )
            if is_handing_back
            else _("Hồ sơ đã xong; dòng bị từ chối có lý do trong danh sách")
        ),
        State.EXECUTION_FAILED: _(
            "Có dòng thực hiện bị lỗi; người tiếp nhận xem, cho chạy lại hoặc từ chối dòng đó"
        ),
        State.REJECTED: _("Toàn bộ bị từ chối; xem văn bản trả lời và lý do từng dòng"),
        State.WITHDRAWN: (
            _("Hồ sơ dừng vì đơn vị gửi được sắp xếp; đã lập lại dưới tên đơn vị kế thừa")
            if goes_on
            else _("Đơn vị đã rút hồ sơ; không ai phải làm gì thêm")
        ),
    }[State(dossier.state)]


def deed_of(action: str) -> str:
    """Return what was done, for the history: the button's words would order it again."""
    return {
        Action.REQUEST_SIGNATURE: _("Trình lãnh đạo ký"),
        Action.REVISE: _("Lấy lại để sửa"),
        Action.SEND_BACK_TO_DRAFT: _("Lãnh đạo yêu cầu soạn lại"),
        Action.SIGN: _("Lãnh đạo ký văn bản"),
        Action.SEAL: _("Ký số cơ quan và gửi đi"),
        Action.RETURN: _("Trả lại để hoàn thiện"),
        Action.FORWARD: _("Chuyển Cục Chứng thực số"),
        Action.DECIDE: _("Xử lý xong từng dòng, trình phê duyệt"),
        Action.SEND_BACK: _("Yêu cầu xử lý lại"),
        Action.CONFIRM: _("Phê duyệt kết quả"),
        Action.REJECT: _("Phê duyệt từ chối toàn bộ"),
        Action.ACKNOWLEDGE: _("Xác nhận đã nhận"),
        Action.TAKE_ALL: _("Xác nhận đã nhận đủ thiết bị"),
        Action.TAKE_SOME: _("Xác nhận nhận một phần thiết bị"),
        Action.WITHDRAW: _("Rút hồ sơ"),
        Action.START: _("Hệ thống bắt đầu thực hiện"),
        Action.COMPLETE: _("Thực hiện xong"),
        Action.COMPLETE_PARTLY: _("Thực hiện xong, có dòng bị từ chối"),
        Action.REFUSE_ALL: _("CA từ chối toàn bộ"),
        Action.FAIL: _("Thực hiện có dòng bị lỗi"),
        Action.RETRY: _("Cho thực hiện lại"),
        Action.STOP: _("Dừng vì đơn vị gửi được sắp xếp"),
        Action.STOP_REST: _("Dừng phần còn lại vì đơn vị gửi được sắp xếp"),
        Action.REOPEN: _("Mở lại để soạn dưới tên đơn vị kế thừa"),
    }[Action(action)]


def done_of(action: str) -> str:
    """Return what was just done, said to who did it."""
    return {
        Action.REQUEST_SIGNATURE: _("Đã trình lãnh đạo ký"),
        Action.REVISE: _("Đã lấy lại để sửa"),
        Action.SEND_BACK_TO_DRAFT: _("Đã yêu cầu soạn lại"),
        Action.SIGN: _("Đã ký văn bản"),
        Action.SEAL: _("Đã ký số cơ quan và gửi"),
        Action.RETURN: _("Đã trả lại để hoàn thiện"),
        Action.FORWARD: _("Đã chuyển Cục Chứng thực số"),
        Action.DECIDE: _("Đã trình phê duyệt kết quả"),
        Action.SEND_BACK: _("Đã yêu cầu xử lý lại"),
        Action.CONFIRM: _("Đã phê duyệt kết quả"),
        Action.REJECT: _("Đã phê duyệt từ chối toàn bộ"),
        Action.ACKNOWLEDGE: _("Đã xác nhận"),
        Action.TAKE_ALL: _("Đã xác nhận nhận đủ thiết bị"),
        Action.TAKE_SOME: _("Đã xác nhận nhận một phần thiết bị"),
        Action.WITHDRAW: _("Đã rút hồ sơ"),
        Action.RETRY: _("Đã cho thực hiện lại"),
    }.get(Action(action)) or _("Đã ghi nhận")
