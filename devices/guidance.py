"""What a page says of a device: where it is now, and what happens next and by whom."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from devices.lifecycle import Condition, Custody, Move

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

_TONES: Mapping[str, str] = {
    Custody.STOCK: "neutral",
    Custody.ALLOCATED: "info",
    Custody.ON_ITS_WAY: "info",
    Custody.AT_AGENCY: "warning",
    Custody.WITH_SUBSCRIBER: "success",
    Custody.TO_BE_RETURNED: "danger",
    Custody.BACK_AT_AGENCY: "warning",
    Custody.AT_OFFICE: "info",
    Custody.AT_CA: "neutral",
    Custody.RETIRED: "neutral",
}

_NOW: Mapping[str, _StrPromise] = {
    Custody.STOCK: _("Thiết bị nằm trong kho của Cục."),
    Custody.ALLOCATED: _(
        "Thiết bị đã được cấp cho %(subscriber)s (%(agency)s), còn ở Cục, chưa gửi."
    ),
    Custody.ON_ITS_WAY: _("Thiết bị đang trên đường về %(agency)s."),
    Custody.AT_AGENCY: _("Thiết bị đang ở %(agency)s, chưa bàn giao cho %(subscriber)s."),
    Custody.WITH_SUBSCRIBER: _("%(holder)s đang giữ thiết bị."),
    Custody.TO_BE_RETURNED: _("%(holder)s còn giữ thiết bị và phải nộp lại."),
    Custody.BACK_AT_AGENCY: _("Thiết bị đã nộp lại %(agency)s, chưa về Cục."),
    Custody.AT_OFFICE: _("Thiết bị đang ở %(office)s, chờ chuyển Cục."),
    Custody.AT_CA: _("Thiết bị đã về Cục."),
    Custody.RETIRED: _("Thiết bị đã thanh lý, không dùng nữa."),
}

_NEXT: Mapping[str, _StrPromise] = {
    Custody.STOCK: _("Khi cấp chứng thư, hệ thống tự lấy thiết bị còn tốt và đã có khóa từ kho."),
    Custody.ALLOCATED: _("Cán bộ tiếp nhận của Cục gửi thiết bị về đơn vị."),
    Custody.ON_ITS_WAY: _(
        "Văn thư đơn vị đối chiếu số hiệu và xác nhận đã nhận khi thiết bị về tới."
    ),
    Custody.AT_AGENCY: _(
        "Văn thư bàn giao cho thuê bao; thuê bao tự đặt mã PIN. "
        "Sau đó gửi ngay thông báo bàn giao (Mẫu 07)."
    ),
    Custody.WITH_SUBSCRIBER: _(
        "Thuê bao tự giữ, không cho mượn và không cho biết mã PIN. Khi chứng thư hết hạn hoặc bị "
        "thu hồi thì nộp lại đơn vị."
    ),
    Custody.TO_BE_RETURNED: _(
        "Thuê bao nộp thiết bị cho văn thư; đơn vị giao lại cho Cục kèm Mẫu 08 trong 5 ngày làm "
        "việc kể từ ngày nhận thông báo (Điều 20 Nghị định 68/2024/NĐ-CP)."
    ),
    Custody.BACK_AT_AGENCY: _("Đơn vị giao thiết bị cho Sở hoặc Cục kèm biên bản Mẫu 08."),
    Custody.AT_OFFICE: _("Sở chuyển thiết bị về Cục; Cục xác nhận khi nhận."),
    Custody.AT_CA: _("Cục thanh lý thiết bị."),
    Custody.RETIRED: _("Không còn việc gì phải làm."),
}

_TROUBLE: Mapping[str, _StrPromise] = {
    Condition.LOCKED: _(
        "Thiết bị bị khóa do nhập sai mật khẩu quá số lần; mở khóa bằng hồ sơ khôi phục (Mẫu 06)."
    ),
    Condition.DAMAGED: _(
        "Thiết bị hỏng: đề nghị thu hồi chứng thư (Mẫu 05), nộp lại thiết bị và đề nghị cấp mới."
    ),
    Condition.LOST: _(
        "Thiết bị thất lạc: lập ngay biên bản xác nhận (Mẫu 09) gửi Cục và đề nghị thu hồi chứng "
        "thư (Mẫu 05). Nếu tìm lại được thì ghi nhận tại đây."
    ),
}

# The label of a move names what happened; a button names what the person does.
_BUTTONS: Mapping[str, _StrPromise] = {
    Move.SEND: _("Lập chuyến giao"),
    Move.RECEIVE: _("Đối chiếu, nhận"),
    Move.HAND_OVER: _("Bàn giao"),
    Move.TAKE_BACK: _("Xác nhận thuê bao đã nộp lại"),
    Move.PASS_TO_OFFICE: _("Xác nhận Sở đã nhận"),
    Move.RETURN_TO_CA: _("Xác nhận Cục đã nhận"),
    Move.LOCK: _("Ghi nhận bị khóa"),
    Move.FIND: _("Ghi nhận đã tìm lại được"),
}


def button_of(move: Move) -> str:
    """Return what the button of ``move`` says."""
    return str(_BUTTONS.get(move) or move.label)


def tone_of(custody: str) -> str:
    """Return the tone of the tag that names a place."""
    return _TONES[custody]


def now_sentence(
    custody: str, condition: str, *, subscriber: str, agency: str, office: str, holder: str
) -> str:
    """Return where a device is, or was when it got lost, in one sentence."""
    names = {"subscriber": subscriber, "agency": agency, "office": office, "holder": holder}
    sentence = str(_NOW[custody]) % names
    if condition == Condition.LOST:
        return gettext("Thiết bị đang thất lạc. Ghi nhận sau cùng: %(sentence)s") % {
            "sentence": sentence
        }
    return sentence


def next_sentence(custody: str, condition: str) -> str:
    """Return what happens next; trouble comes before the usual way."""
    return str(_TROUBLE.get(condition) or _NEXT[custody])
