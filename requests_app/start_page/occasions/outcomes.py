"""The forms as ways out of an occasion, with what the decree says of each."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from portal.core.law import with_numbers
from requests_app.kinds.base import Words
from requests_app.rules.revocation import Cause
from requests_app.start_page.occasions.base import Pick, Way

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


def issue_anew(kind_code: str, *, label: Words) -> Way:
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
        pick=Pick.TO_ISSUE_ANEW,
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
    ready=(_("Số hiệu in trên thiết bị. Không thử mật khẩu thêm."), _LETTER),
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
