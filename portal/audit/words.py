"""What audit entries say, in words: acts and the things they are about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

ACTIONS: dict[str, dict[str, _StrPromise]] = {
    "routing": {
        "add": _("Thêm quy định nơi nhận"),
        "end": _("Kết thúc quy định nơi nhận"),
        "propose": _("Đề nghị thay đổi quy định nơi nhận"),
        "confirm": _("Xác nhận quy định nơi nhận"),
        "decline": _("Từ chối quy định nơi nhận"),
        "withdraw": _("Rút đề nghị về quy định nơi nhận"),
    },
    "covering": {
        "make": _("Lập công văn chuyển hồ sơ"),
        "number": _("Ghi số, ngày công văn chuyển"),
        "uncover": _("Bỏ hồ sơ khỏi công văn chuyển"),
        "attach_scan": _("Tải lên bản quét công văn chuyển"),
        "request_signature": _("Trình lãnh đạo Sở ký công văn chuyển"),
        "revise": _("Lấy lại công văn chuyển để sửa"),
        "send_back_to_draft": _("Yêu cầu soạn lại công văn chuyển"),
        "sign": _("Ký công văn chuyển"),
        "seal": _("Ký số cơ quan và chuyển hồ sơ theo công văn"),
        "cancel": _("Bỏ công văn chuyển"),
        "freeze": _("Lập công văn chuyển để ký"),
        "finish": _("Chuyển xong hồ sơ theo công văn"),
    },
    "dossier": {
        "create": _("Lập hồ sơ"),
        "edit_letter": _("Sửa văn bản"),
        "add_row": _("Thêm dòng"),
        "edit_rows": _("Sửa các dòng"),
        "import_rows": _("Nhập danh sách từ bảng tính"),
        "remove_row": _("Xóa dòng"),
        "move_row": _("Đổi thứ tự dòng"),
        "freeze": _("Lập văn bản để ký"),
        "read_letter": _("Xem văn bản không che số"),
        "read_row": _("Xem số định danh của một dòng"),
        "attach": _("Đính kèm tệp"),
        "detach": _("Bỏ tệp đính kèm"),
        "export_rows": _("Xuất danh sách ra bảng tính"),
        "split": _("Tách hồ sơ"),
        "decide_rows": _("Xử lý từng dòng"),
        "deliver_paper": _("Giao văn bản cho đơn vị gửi"),
        "revoke_rows": _("Thu hồi theo từng dòng"),
        "request_signature": _("Trình lãnh đạo ký"),
        "revise": _("Lấy lại để sửa"),
        "send_back_to_draft": _("Yêu cầu soạn lại"),
        "sign": _("Ký văn bản"),
        "seal": _("Ký số cơ quan và gửi"),
        "return": _("Trả lại để hoàn thiện"),
        "forward": _("Chuyển Cục Chứng thực số"),
        "decide": _("Trình phê duyệt kết quả"),
        "send_back": _("Yêu cầu xử lý lại"),
        "confirm": _("Phê duyệt"),
        "reject": _("Phê duyệt từ chối toàn bộ"),
        "acknowledge": _("Xác nhận đã nhận"),
        "take_all": _("Xác nhận đã nhận đủ thiết bị"),
        "take_some": _("Xác nhận nhận một phần thiết bị"),
        "withdraw": _("Rút hồ sơ"),
        "start": _("Bắt đầu thực hiện"),
        "complete": _("Hoàn thành"),
        "complete_partly": _("Hoàn thành một phần"),
        "fail": _("Thực hiện bị lỗi"),
        "retry": _("Thực hiện lại"),
    },
    "certificate": {
        "issue": _("Cấp chứng thư"),
        "renew": _("Gia hạn, thay đổi thông tin chứng thư"),
        "revoke": _("Thu hồi chứng thư"),
        "confirm_installed": _("Xác nhận đã cài chứng thư mới"),
    },
    "crl": {"publish": _("Công bố danh sách chứng thư bị thu hồi")},
    "ca": {
        "set_up": _("Khởi tạo hệ thống chứng thực"),
        "certify_responder": _("Cấp chứng thư cho dịch vụ OCSP"),
    },
    "key": {
        "make": _("Sinh khóa"),
        "set_first_pin": _("Đặt mã PIN lần đầu"),
        "change_pin": _("Đổi mã PIN"),
        "wrong_pin": _("Nhập sai mã PIN"),
        "lock": _("Khóa do nhập sai mã PIN"),
    },
    "device": {
        "take_in": _("Nhập kho thiết bị"),
        "make_keys": _("Sinh khóa cho thiết bị trong kho"),
        "allocate": _("Cấp thiết bị cho chứng thư"),
        "send": _("Gửi thiết bị"),
        "receive": _("Nhận thiết bị"),
        "hand_over": _("Bàn giao thiết bị cho thuê bao"),
        "attach_notice": _("Ghi thiết bị vào biên bản bàn giao"),
        "detach_notice": _("Bỏ thiết bị khỏi biên bản bàn giao"),
        "recall": _("Yêu cầu thu hồi thiết bị"),
        "take_back": _("Thuê bao nộp lại thiết bị"),
        "pass_to_office": _("Nộp thiết bị về Sở KH&CN"),
        "return_to_ca": _("Nộp thiết bị về Cục"),
        "retire": _("Thanh lý thiết bị"),
        "lock": _("Thiết bị bị khóa"),
        "unlock": _("Khôi phục thiết bị"),
        "recover": _("Khôi phục các thiết bị của hồ sơ"),
        "set_pin": _("Đặt mã PIN mới sau khôi phục"),
        "report_damaged": _("Báo thiết bị hỏng"),
        "report_lost": _("Báo thất lạc thiết bị"),
        "find": _("Tìm lại được thiết bị"),
        "transfer": _("Chuyển thiết bị sang đơn vị khác quản lý"),
        "give_again": _("Giao lại thiết bị cho thuê bao"),
        "change_holder": _("Đổi người giữ thiết bị"),
    },
    "agency": {
        "register": _("Thêm đơn vị"),
        "change": _("Thay đổi thông tin đơn vị"),
        "succeed": _("Ghi nhận sáp nhập, chia tách đơn vị"),
        "take_effect": _("Thông tin đơn vị bắt đầu có hiệu lực"),
    },
    "subscriber": {"reveal": _("Xem số định danh cá nhân")},
    "register": {"export": _("Tải sổ, danh sách ra bảng tính")},
    "calendar": {
        "add_day": _("Thêm ngày vào lịch làm việc"),
        "edit_day": _("Sửa ngày trong lịch làm việc"),
        "remove_day": _("Xóa ngày khỏi lịch làm việc"),
    },
    "mail": {"send_again": _("Gửi lại thư điện tử")},
    "user": {
        "create": _("Tạo tài khoản"),
        "create_administrator": _("Tạo tài khoản quản trị"),
        "deactivate": _("Khóa tài khoản"),
        "reset_password": _("Đặt lại mật khẩu"),
        "reset_administrator": _("Đặt lại tài khoản quản trị"),
        "change_password": _("Đổi mật khẩu"),
        "choose_mailing": _("Chọn cách nhận thư báo"),
        "propose_role": _("Đề nghị giao vai trò"),
        "confirm_role": _("Xác nhận giao vai trò"),
        "decline_role": _("Từ chối giao vai trò"),
        "withdraw_role": _("Rút đề nghị giao vai trò"),
        "sign_in_refused": _("Đăng nhập bị từ chối"),
        "make_calendar_feed": _("Lấy địa chỉ lịch thời hạn riêng"),
        "withdraw_calendar_feed": _("Bỏ địa chỉ lịch thời hạn riêng"),
    },
}

TARGETS: dict[str, _StrPromise] = {
    "dossier": _("Hồ sơ"),
    "certificate": _("Chứng thư"),
    "crl": _("Danh sách chứng thư bị thu hồi"),
    "authority": _("Hệ thống chứng thực"),
    "key": _("Khóa"),
    "device": _("Thiết bị"),
    "intake": _("Đợt nhập kho"),
    "shipment": _("Đợt gửi thiết bị"),
    "agency": _("Đơn vị"),
    "subscriber": _("Thuê bao"),
    "calendar_day": _("Lịch làm việc"),
    "mail": _("Thư điện tử"),
    "user": _("Tài khoản"),
    "routing_rule": _("Quy định nơi nhận"),
    "covering_letter": _("Công văn chuyển hồ sơ"),
    "register": _("Sổ, danh sách"),
}

_GROUPS = {**TARGETS, "ca": TARGETS["authority"], "calendar": TARGETS["calendar_day"]}
_GROUPS["routing"] = TARGETS["routing_rule"]
_GROUPS["covering"] = TARGETS["covering_letter"]


def word_for_action(action: str) -> _StrPromise | str:
    """Return an act in words; the code itself where there are none."""
    group, _dot, name = action.partition(".")
    return ACTIONS.get(group, {}).get(name, action)


def action_choices() -> list[tuple[str, list[tuple[str, _StrPromise]]]]:
    """Return the acts as grouped choices of a form field."""
    return [
        (str(_GROUPS[group]), [(f"{group}.{name}", word) for name, word in words.items()])
        for group, words in ACTIONS.items()
    ]
