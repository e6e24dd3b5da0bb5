"""What brings a clerk to the start page: of whom it speaks, what happened, which form follows.

Plain data: the page asks the questions, ``requests_app.start_page.views.questions`` finds what a
way is about, ``requests_app.drafts.prefilled`` opens the draft.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from django.db import models
from django.utils.translation import gettext_lazy as _

from portal.core.law import with_numbers
from requests_app.catalogue.mau_01_person.form import CENTRAL
from requests_app.kinds.base import Words
from requests_app.rules.revocation import Cause


class About(models.TextChoices):
    """Of whom or what it speaks."""

    PERSON = "person", _("Một hoặc nhiều cá nhân")
    ORGANISATION = "organisation", _("Cơ quan, tổ chức (chữ ký số của cơ quan)")
    SYSTEM = "system", _("Hệ thống: máy chủ, dịch vụ, phần mềm")
    DEVICE = "device", _("Thiết bị lưu khóa: USB Token, SIM PKI, HSM…")


class Pick(StrEnum):
    """What is chosen from the body's own list before a draft is opened."""

    NOTHING = ""
    TO_RENEW = "to_renew"
    TO_CHANGE = "to_change"
    TO_REVOKE = "to_revoke"
    TO_ISSUE_ANEW = "to_issue_anew"
    TOO_LATE_TO_RENEW = "too_late_to_renew"  # of these, what was not revoked
    LOCKED = "locked"  # all that is held: who says it is locked may be the first to
    IN_USE = "in_use"
    AT_THE_AGENCY = "at_the_agency"
    TO_GIVE_BACK = "to_give_back"
    HANDED_OVER = "handed_over"


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One form that may follow: what happens, what to have ready, how long the law gives.

    ``answers`` are known by what happened and go into every row. ``to_type`` says what is typed in
    the one row that a draft begins with when the portal can't know what it is about.
    """

    kind_code: str
    variant: str = ""
    label: Words
    happens: Words
    ready: tuple[Words, ...] = ()
    limit: Words
    pick: Pick = Pick.NOTHING
    answers: Mapping[str, str] = field(default_factory=dict)
    to_type: Words = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """One answer to "what happened?".

    ``ways`` are choices, or steps one after the other when ``is_sequence``; ``is_together`` shows
    the lists of all of them on one page, each thing with what can be asked for it. Without any way,
    ``note`` says why nothing is to be asked.
    """

    code: str
    label: Words
    hint: Words = ""
    ways: tuple[Way, ...] = ()
    is_sequence: bool = False
    is_together: bool = False
    note: Words = ""


_ISSUE_LIMIT = with_numbers(
    _(
        "Cục cấp trong %(issue_days)s ngày làm việc kể từ ngày nhận hồ sơ hợp lệ "
        "(Điều 11 Nghị định 68/2024/NĐ-CP)."
    )
)
_LETTER: Words = _("Số, ngày công văn của đơn vị và người tiếp nhận.")
_ISSUE_READY: Mapping[str, tuple[Words, ...]] = {
    "mau_01_person": (
        _(
            "Họ tên, ngày sinh, số định danh, ngày và nơi cấp thẻ, thư điện tử công vụ, chức vụ "
            "của từng người; có thể nhập từ bảng 19 cột của Cục."
        ),
        _LETTER,
    ),
    "mau_02_organisation": (
        _("Tên đúng như quyết định thành lập, địa chỉ, mã số thuế, mã quan hệ ngân sách."),
        _("Quyết định thành lập (bản quét), hoặc xác nhận của người đứng đầu cấp trên trực tiếp."),
        _LETTER,
    ),
    "mau_03_system": (
        _("Tên, tên miền hoặc địa chỉ, mục đích sử dụng, cơ quan quản lý."),
        _("Tệp yêu cầu PKCS#10 nếu khóa ở HSM hoặc khóa mềm."),
        _LETTER,
    ),
}


def first_issue(kind_code: str, *, variant: str = "", label: Words) -> Way:
    """Return the way to a first certificate."""
    return Way(
        kind_code=kind_code,
        variant=variant,
        label=label,
        happens=_(
            "Lãnh đạo ký, Sở hoặc Cục kiểm tra, Cục cấp chứng thư và gửi thiết bị về đơn vị; "
            "đơn vị bàn giao cho người dùng rồi báo lại bằng Mẫu 07."
        ),
        ready=_ISSUE_READY[kind_code],
        limit=_ISSUE_LIMIT,
    )


def issue_anew(kind_code: str, *, label: Words, pick: Pick = Pick.TO_ISSUE_ANEW) -> Way:
    """Return the way to a new certificate in place of an old one (Điều 21)."""
    return Way(
        kind_code=kind_code,
        label=label,
        happens=_(
            "Hồ sơ như cấp lần đầu, điền sẵn những gì hệ thống biết và ghi số hiệu chứng thư cũ; "
            "thiết bị cũ nộp lại khi đã có thiết bị mới."
        ),
        ready=_ISSUE_READY[kind_code],
        limit=with_numbers(
            _(
                "Được làm khi chứng thư còn dưới %(days_left)s ngày, đã hết hạn hoặc đã bị thu hồi "
                "(Điều 21). Cục cấp trong %(issue_days)s ngày làm việc kể từ ngày nhận hồ sơ hợp "
                "lệ (Điều 11)."
            )
        ),
        pick=pick,
    )


RENEW = Way(
    kind_code="mau_04_renew_change",
    label=_("Gia hạn (Mẫu 04)"),
    happens=_(
        "Cục gửi tệp chứng thư mới; cài vào đúng thiết bị đang dùng rồi xác nhận trên hệ thống. "
        "Số hiệu chứng thư thay đổi, thiết bị giữ nguyên."
    ),
    ready=(_("Thiết bị đang dùng và mật khẩu của nó."), _LETTER),
    limit=with_numbers(
        _(
            "Chứng thư phải còn ít nhất %(days_left)s ngày vào ngày cơ quan tiếp nhận nhận được hồ "
            "sơ; mỗi chứng thư gia hạn một lần, không quá %(renewed_years)s năm (Điều 9, Điều 12)."
        )
    ),
    pick=Pick.TO_RENEW,
    answers={"renews": "x"},
)
CHANGE = Way(
    kind_code="mau_04_renew_change",
    label=_("Thay đổi thông tin (Mẫu 04)"),
    happens=_(
        "Cục gửi tệp chứng thư mang thông tin mới; cài vào đúng thiết bị đang dùng rồi xác nhận. "
        "Ngày hết hạn không đổi."
    ),
    ready=(
        _("Thông tin mới: cơ quan công tác, tên cơ quan, địa chỉ hoặc thư điện tử công vụ."),
        _("Địa chỉ thư điện tử đã đăng ký khi cấp."),
        _LETTER,
    ),
    limit=with_numbers(
        _("Chứng thư phải còn ít nhất %(days_left)s ngày vào ngày nhận hồ sơ (Điều 14).")
    ),
    pick=Pick.TO_CHANGE,
    answers={"changes": "x"},
)
TAKE_OVER = Way(
    kind_code="mau_04_renew_change",
    label=_("Thay đổi cơ quan công tác (Mẫu 04)"),
    happens=_(
        "Đơn vị nhận người lập hồ sơ; người đó dùng tiếp thiết bị, chứng thư và thiết bị chuyển "
        "sang đơn vị này quản lý."
    ),
    ready=(
        _("Số hiệu, tên ghi trong chứng thư và thư điện tử đã đăng ký, do người đó cung cấp."),
        _("Thư điện tử công vụ mới và các cấp cơ quan công tác mới."),
        _LETTER,
    ),
    limit=with_numbers(
        _("Chứng thư phải còn ít nhất %(days_left)s ngày vào ngày nhận hồ sơ (Điều 14, Điều 15).")
    ),
    answers={"changes": "x"},
    to_type=_(
        "Ghi vào dòng 1 số hiệu chứng thư, tên và thư điện tử đã đăng ký đúng như trong chứng thư "
        "của người đó (ba ô này khớp nhau thì hệ thống mới tìm thấy chứng thư), rồi các cấp cơ "
        "quan công tác mới và thư điện tử mới."
    ),
)
RECOVER = Way(
    kind_code="mau_06_recover",
    label=_("Khôi phục thiết bị (Mẫu 06)"),
    happens=_(
        "Nơi tiếp nhận mở khóa thiết bị; thuê bao tự đặt mã PIN mới trên hệ thống. Không cấp lại "
        "chứng thư."
    ),
    ready=(
        _(
            "Số hiệu in trên thiết bị. Không thử mật khẩu thêm. Thiết bị chưa được ghi nhận bị "
            "khóa thì hệ thống ghi nhận khi lập hồ sơ."
        ),
        _LETTER,
    ),
    limit=with_numbers(
        _("%(recovery_days)s ngày làm việc kể từ ngày nhận đề nghị hợp lệ (Điều 22).")
    ),
    pick=Pick.LOCKED,
)
TELL_LOSS = Way(
    kind_code="mau_09_loss",
    label=_("Biên bản xác nhận thất lạc (Mẫu 09)"),
    happens=_(
        "Biên bản gửi Cục để ghi nhận. Biên bản không tự thu hồi chứng thư: gửi xong, lập tiếp "
        "hồ sơ đề nghị thu hồi."
    ),
    ready=(_("Thời điểm, nơi và hoàn cảnh mất; biện pháp đã làm."), _LETTER),
    limit=_("Gửi Cục ngay (Điều 20)."),
    pick=Pick.AT_THE_AGENCY,
)
GIVE_BACK = Way(
    kind_code="mau_08_return",
    label=_("Biên bản giao lại thiết bị (Mẫu 08)"),
    happens=_(
        "Thu thiết bị từ thuê bao và ghi nhận ở trang thiết bị, rồi giao cho Sở hoặc Cục; bên nhận "
        "xác nhận từng chiếc."
    ),
    ready=(_("Thiết bị đã thu về đơn vị, đọc được số hiệu."), _LETTER),
    limit=with_numbers(
        _("%(return_days)s ngày làm việc kể từ ngày nhận thông báo thu hồi (Điều 20).")
    ),
    pick=Pick.TO_GIVE_BACK,
)
TELL_HANDOVER = Way(
    kind_code="mau_07_handover",
    label=_("Thông báo bàn giao (Mẫu 07)"),
    happens=_("Danh sách lấy từ những lần bàn giao đã ghi nhận mà chưa báo; Cục xác nhận đã nhận."),
    ready=(_LETTER,),
    limit=_("Gửi ngay sau khi bàn giao (Điều 11); hệ thống nhắc vào ngày làm việc tiếp theo."),
    pick=Pick.HANDED_OVER,
)


def revoke(cause: Cause | None = None, *, label: Words, pick: Pick = Pick.TO_REVOKE) -> Way:
    """Return the way to a revocation, with its cause where the occasion tells it."""
    return Way(
        kind_code="mau_05_revoke",
        label=label,
        happens=with_numbers(
            _(
                "Cục thu hồi chứng thư và gửi thông báo có ngày; từ ngày đó đơn vị thu và nộp lại "
                "thiết bị kèm Mẫu 08 trong %(return_days)s ngày làm việc (mất thiết bị thì Mẫu 09)."
            )
        ),
        ready=(
            _("Lý do từng trường hợp; đề nghị bằng văn bản của cá nhân khi lý do cần có."),
            _LETTER,
        ),
        limit=with_numbers(
            _(
                "Đề nghị ngay khi có lý do (Điều 17); nộp thiết bị trong %(return_days)s ngày làm "
                "việc (Điều 20)."
            )
        ),
        pick=pick,
        answers={"cause": cause.value} if cause else {},
    )


OF_DEVICES = (
    Occasion(
        code="locked",
        label=_("Bị khóa do nhập sai mật khẩu (mã PIN) nhiều lần"),
        ways=(RECOVER,),
    ),
    Occasion(
        code="lost",
        label=_("Bị mất, thất lạc"),
        ways=(
            TELL_LOSS,
            revoke(Cause.DEVICE_LOST, label=_("Thu hồi chứng thư (Mẫu 05)"), pick=Pick.IN_USE),
        ),
        is_sequence=True,
    ),
    Occasion(
        code="damaged",
        label=_("Bị hỏng"),
        hint=_("Thu hồi chứng thư, nộp lại thiết bị hỏng, rồi đề nghị cấp mới."),
        ways=(
            revoke(Cause.DEVICE_DAMAGED, label=_("Thu hồi chứng thư (Mẫu 05)"), pick=Pick.IN_USE),
            GIVE_BACK,
            issue_anew("mau_01_person", label=_("Cấp mới cho cá nhân (Mẫu 01)")),
            issue_anew("mau_02_organisation", label=_("Cấp mới cho cơ quan (Mẫu 02)")),
        ),
        is_sequence=True,
    ),
    Occasion(
        code="ended",
        label=_("Chứng thư đã hết hạn hoặc bị thu hồi, phải nộp lại thiết bị"),
        hint=_("Cũng dùng khi nộp sớm vì không còn nhu cầu."),
        ways=(GIVE_BACK,),
    ),
    Occasion(
        code="handed_over",
        label=_("Đã bàn giao cho thuê bao"),
        ways=(TELL_HANDOVER,),
    ),
)


_EXPIRING = _("Sắp hết hạn, hoặc đã hết hạn mà còn dùng")
_EXPIRING_HINT = with_numbers(
    _(
        "Còn ít nhất %(days_left)s ngày thì gia hạn; dưới %(days_left)s ngày hoặc đã hết hạn thì "
        "cấp mới."
    )
)
_REVOKE = _("Thu hồi (Mẫu 05)")
_TOO_LATE = _("Không gia hạn, thay đổi được nữa: cấp mới")
_ONLY_ANEW = _("Không gia hạn được nữa: cấp mới")


def _late(kind_code: str) -> Way:
    """Return the way left to what expires too soon, or has expired, and is used on."""
    return issue_anew(kind_code, label=_ONLY_ANEW, pick=Pick.TOO_LATE_TO_RENEW)


OF_PERSONS = (
    Occasion(
        code="first",
        label=_("Cần chứng thư lần đầu"),
        hint=_("Cán bộ, công chức, viên chức mới, hoặc vị trí mới phải ký số."),
        ways=(
            first_issue("mau_01_person", label=_("Cấp mới (Mẫu 01)")),
            first_issue(
                "mau_01_person", variant=CENTRAL, label=_("Cấp mới, ký số tập trung (Mẫu 01)")
            ),
        ),
    ),
    Occasion(
        code="expiring",
        label=_EXPIRING,
        hint=_EXPIRING_HINT,
        ways=(RENEW, _late("mau_01_person")),
        is_together=True,
    ),
    Occasion(
        code="changed",
        label=_("Đổi cơ quan công tác trong đơn vị, đổi thư điện tử công vụ"),
        hint=_("Chức vụ không ghi trong chứng thư: chỉ đổi chức vụ thì không phải làm gì."),
        ways=(CHANGE, issue_anew("mau_01_person", label=_TOO_LATE)),
    ),
    Occasion(
        code="moved_here",
        label=_("Chuyển từ cơ quan nhà nước khác về đơn vị này"),
        hint=_("Người đó mang theo thiết bị và chứng thư còn hiệu lực."),
        ways=(TAKE_OVER,),
    ),
    Occasion(
        code="moved_away",
        label=_("Chuyển sang cơ quan nhà nước khác"),
        note=_(
            "Không thu hồi và không thu thiết bị: cơ quan nhận người lập hồ sơ thay đổi thông tin "
            "(Mẫu 04), chứng thư và thiết bị sẽ chuyển sang cơ quan đó. Hãy nhắc người đó mang "
            "theo thiết bị."
        ),
    ),
    Occasion(
        code="left",
        label=_("Nghỉ hưu, thôi việc, từ trần, ra ngoài khu vực nhà nước, hết nhu cầu"),
        ways=(revoke(label=_REVOKE), GIVE_BACK),
        is_sequence=True,
    ),
    Occasion(
        code="exposed",
        label=_("Lộ hoặc nghi lộ mật khẩu, khóa bí mật"),
        hint=_("Đề nghị thu hồi ngay; sau khi thu hồi thì đề nghị cấp mới."),
        ways=(
            revoke(Cause.KEY_EXPOSED, label=_REVOKE),
            issue_anew("mau_01_person", label=_("Cấp mới sau khi thu hồi (Mẫu 01)")),
        ),
        is_sequence=True,
    ),
)

OF_BODIES = (
    Occasion(
        code="first",
        label=_("Cần chứng thư lần đầu"),
        hint=_("Cơ quan có tư cách pháp nhân, chưa có chữ ký số của cơ quan."),
        ways=(first_issue("mau_02_organisation", label=_("Cấp mới (Mẫu 02)")),),
    ),
    Occasion(
        code="expiring",
        label=_EXPIRING,
        hint=_EXPIRING_HINT,
        ways=(RENEW, _late("mau_02_organisation")),
        is_together=True,
    ),
    Occasion(
        code="changed",
        label=_("Đổi tên, đổi địa chỉ hoạt động, đổi thư điện tử công vụ"),
        hint=_("Tên mới phải có trong danh mục đơn vị trước."),
        ways=(CHANGE, issue_anew("mau_02_organisation", label=_TOO_LATE)),
    ),
    Occasion(
        code="ended",
        label=_("Giải thể, chia tách, sáp nhập, hết nhu cầu"),
        ways=(revoke(label=_REVOKE), GIVE_BACK),
        is_sequence=True,
    ),
)

OF_SYSTEMS = (
    Occasion(
        code="first",
        label=_("Cần chứng thư lần đầu"),
        ways=(first_issue("mau_03_system", label=_("Cấp mới (Mẫu 03)")),),
    ),
    Occasion(
        code="expiring",
        label=_EXPIRING,
        hint=_EXPIRING_HINT,
        ways=(RENEW, _late("mau_03_system")),
        is_together=True,
    ),
    Occasion(
        code="changed",
        label=_("Đổi tên, nâng cấp phiên bản, bổ sung tính năng"),
        ways=(CHANGE, issue_anew("mau_03_system", label=_TOO_LATE)),
    ),
    Occasion(
        code="stopped",
        label=_("Ngừng hoạt động"),
        ways=(revoke(Cause.STOPPED, label=_REVOKE), GIVE_BACK),
        is_sequence=True,
    ),
)


OCCASIONS: Mapping[About, tuple[Occasion, ...]] = {
    About.PERSON: OF_PERSONS,
    About.ORGANISATION: OF_BODIES,
    About.SYSTEM: OF_SYSTEMS,
    About.DEVICE: OF_DEVICES,
}


def find_occasion(about: str, code: str) -> Occasion | None:
    """Return what happened by its code; None when the questions have no such answer."""
    if about not in About.values:
        return None
    return next((one for one in OCCASIONS[About(about)] if one.code == code), None)
