"""What a page says of a device: where it is now, and what happens next and by whom."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from devices.lifecycle import Condition, Custody, Move
from portal.core.law import with_numbers

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
    Custody.TO_BE_RETURNED: with_numbers(
        _(
            "Thuê bao nộp thiết bị cho văn thư; đơn vị giao lại cho Cục kèm Mẫu 08 trong "
            "%(return_days)s ngày làm việc kể từ ngày nhận thông báo (Điều 20 Nghị định "
            "68/2024/NĐ-CP)."
        )
    ),
    Custody.BACK_AT_AGENCY: _("Đơn vị giao thiết bị cho Sở hoặc Cục kèm biên bản Mẫu 08."),
    Custody.AT_OFFICE: _("Sở chuyển thiết bị về Cục; Cục xác nhận khi nhận."),
    Custody.AT_CA: _("Cục thanh lý thiết bị."),
    Custody.RETIRED: _("Không còn việc gì phải làm."),
}

_GIVEN_BACK_EARLY = _(
    "Thiết bị nộp lại sớm, chứng thư còn hiệu lực: không dùng nữa thì đề nghị thu hồi (Mẫu 05) và "
    "giao thiết bị kèm Mẫu 08; dùng tiếp thì giao lại cho thuê bao."
)
_UNLOCK = _(
    "Thiết bị bị khóa do nhập sai mật khẩu quá số lần; mở khóa bằng hồ sơ khôi phục (Mẫu 06)."
)
_REPLACE = _(
    "Thiết bị hỏng: đề nghị thu hồi chứng thư (Mẫu 05), nộp lại thiết bị và đề nghị cấp mới."
)
_TELL_OF_LOSS = _(
    "Thiết bị thất lạc: lập ngay biên bản xác nhận (Mẫu 09) gửi Cục và đề nghị thu hồi chứng "
    "thư (Mẫu 05). Nếu tìm lại được thì ghi nhận tại đây."
)
_LOSS_TOLD = _(
    "Đã gửi biên bản xác nhận thất lạc (Mẫu 09). Nếu chứng thư còn hiệu lực thì đề nghị thu hồi "
    "(Mẫu 05). Nếu tìm lại được thiết bị thì ghi nhận tại đây."
)
_SEARCH = _(
    "Nơi gửi, nơi giữ sau cùng tra tìm và báo Cục; chứng thư trên thiết bị phải thu hồi. "
    "Nếu tìm lại được thì ghi nhận tại đây."
)

# Trouble comes before the usual way; what must come back anyway needs no unlocking.
_TROUBLE: Mapping[tuple[str, str], _StrPromise] = {
    (Condition.LOCKED, Custody.WITH_SUBSCRIBER): _UNLOCK,
    (Condition.LOCKED, Custody.TO_BE_RETURNED): _(
        "Thiết bị bị khóa nhưng phải nộp lại nên không cần khôi phục: thuê bao nộp cho văn thư, "
        "đơn vị giao lại kèm Mẫu 08."
    ),
    (Condition.DAMAGED, Custody.STOCK): _("Thiết bị hỏng nên không cấp được; Cục thanh lý."),
    (Condition.DAMAGED, Custody.ALLOCATED): _(
        "Thiết bị hỏng nên không gửi được; Cục thu hồi chứng thư trên thiết bị và cấp lại."
    ),
    (Condition.DAMAGED, Custody.AT_AGENCY): _REPLACE,
    (Condition.DAMAGED, Custody.WITH_SUBSCRIBER): _REPLACE,
    (Condition.LOST, Custody.AT_AGENCY): _TELL_OF_LOSS,
    (Condition.LOST, Custody.WITH_SUBSCRIBER): _TELL_OF_LOSS,
    (Condition.LOST, Custody.TO_BE_RETURNED): _TELL_OF_LOSS,
    (Condition.LOST, Custody.BACK_AT_AGENCY): _TELL_OF_LOSS,
}

# The label of a move names what happened; a button names what the person does.
_BUTTONS: Mapping[str, _StrPromise] = {
    Move.SEND: _("Lập đợt bàn giao"),
    Move.RECEIVE: _("Đối chiếu, nhận"),
    Move.HAND_OVER: _("Bàn giao"),
    Move.TAKE_BACK: _("Nhận lại từ thuê bao"),
    Move.GIVE_AGAIN: _("Giao lại cho thuê bao"),
    Move.CHANGE_HOLDER: _("Đổi người giữ"),
    Move.RETURN_TO_CA: _("Nhận thiết bị Sở nộp"),
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


def next_sentence(
    custody: str, condition: str, *, is_loss_told: bool = False, is_spent: bool = True
) -> str:
    """Return what happens next, by whom.

    ``is_loss_told``: its Mẫu 09 was sent; ``is_spent``: no certificate on it is valid any more.
    """
    if condition == Condition.LOST:
        found = _TROUBLE.get((condition, custody), _SEARCH)
        return str(_LOSS_TOLD if found is _TELL_OF_LOSS and is_loss_told else found)
    if custody == Custody.BACK_AT_AGENCY and not is_spent:
        return str(_GIVEN_BACK_EARLY)
    return str(_TROUBLE.get((condition, custody)) or _NEXT[custody])
