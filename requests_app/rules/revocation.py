"""What the decree says of revoking: for which cause, on whose word, of which certificate."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from django.db import models
from django.utils.translation import gettext_lazy as _

from portal.core import law
from portal.core.rules import Violation

DECREE = law.DECREE
CASES = f"Điều 17 {DECREE}"
WHO_ASKS = f"Điều 18 {DECREE}"
FORM = f"Điều 19 {DECREE}, Mẫu số 05"
RETURN = f"Điều 20 {DECREE}"


class Cause(models.TextChoices):
    """Why a certificate is revoked: the cases of Điều 17, khoản by khoản."""

    KEY_EXPOSED = "key_exposed", _("Khóa bí mật bị lộ hoặc nghi bị lộ")
    DEVICE_DAMAGED = "device_damaged", _("Thiết bị lưu khóa bí mật bị hỏng")
    DEVICE_LOST = "device_lost", _("Thiết bị lưu khóa bí mật bị thất lạc")
    UNSAFE = "unsafe", _("Trường hợp mất an toàn khác")
    OWN_WISH = "own_wish", _("Thuê bao đề nghị vì không còn nhu cầu")
    PROCEEDINGS = "proceedings", _("Theo yêu cầu của cơ quan tiến hành tố tụng, cơ quan công an")
    AGENCY = "agency", _("Theo đề nghị của cơ quan quản lý trực tiếp")
    POSITION_CHANGED = (
        "position_changed",
        _("Thay đổi vị trí công tác, thông tin không còn phù hợp"),
    )
    RETIRED = "retired", _("Nghỉ hưu")
    LEFT = "left", _("Thôi việc hoặc chuyển ra ngoài cơ quan nhà nước")
    DIED = "died", _("Từ trần")
    DISSOLVED = "dissolved", _("Giải thể")
    SPLIT = "split", _("Chia, tách")
    MERGED = "merged", _("Sáp nhập, hợp nhất")
    STOPPED = "stopped", _("Thiết bị, dịch vụ, phần mềm ngừng hoạt động")


# R22 (Điều 17 khoản 1): for whatever certificate.
FOR_ALL = frozenset(
    {
        Cause.KEY_EXPOSED,
        Cause.DEVICE_DAMAGED,
        Cause.DEVICE_LOST,
        Cause.UNSAFE,
        Cause.OWN_WISH,
        Cause.PROCEEDINGS,
        Cause.AGENCY,
    }
)
# R23, R24, R25 (Điều 17 khoản 2, 3, 4), by whose certificate it is (``SubscriberKind`` values).
FOR_PERSONS = frozenset({Cause.POSITION_CHANGED, Cause.RETIRED, Cause.LEFT, Cause.DIED})
FOR_BODIES = frozenset({Cause.DISSOLVED, Cause.SPLIT, Cause.MERGED})
FOR_SYSTEMS = frozenset({Cause.STOPPED})
BY_SUBJECT: Mapping[str, frozenset[Cause]] = {
    "person": FOR_PERSONS,
    "organisation": FOR_BODIES,
    "system": FOR_SYSTEMS,
}
# R22: what only the subscriber can say, in writing, and the agency confirms (DOMAIN 14.14). A body
# says it by the letter itself, and so does whoever owns a device, a service or software.
ON_OWN_REQUEST = frozenset(
    {Cause.KEY_EXPOSED, Cause.DEVICE_DAMAGED, Cause.DEVICE_LOST, Cause.UNSAFE, Cause.OWN_WISH}
)
# These name nothing yet: the row must say in words what happened.
TOLD_IN_WORDS = frozenset({Cause.UNSAFE, Cause.PROCEEDINGS, Cause.AGENCY})

_SUBJECTS = {"person": "cá nhân", "organisation": "cơ quan, tổ chức", "system": "hệ thống"}


def causes_for(subject: str) -> list[Cause]:
    """Return the causes a certificate of ``subject`` can be revoked for, in the decree's order."""
    return [cause for cause in Cause if cause in FOR_ALL | BY_SUBJECT[subject]]


def cause_fits_subject(cause: str, subject: str, row: int | None = None) -> Violation | None:
    """R22–R25 (Điều 17): a person retires, a body is dissolved, software stops."""
    if cause not in Cause or cause in causes_for(subject):
        return None  # a cause that is none is the form's own finding
    message = f"Lý do “{Cause(cause).label}” không dùng cho chứng thư của {_SUBJECTS[subject]}."
    fitting = ", ".join(f"“{one.label}”" for one in causes_for(subject) if one not in FOR_ALL)
    way_out = f"Chọn lý do khác, ví dụ {fitting}; hoặc xem lại số hiệu chứng thư."
    return Violation("cause_of_another_subject", message, CASES, row, way_out)


def own_request_is_attached(
    cause: str, subject: str, has_request: bool, row: int | None = None, *, link: str = ""
) -> Violation | None:
    """R22 (Điều 17 khoản 1): at the subscriber's wish, or by what only the subscriber can tell,
    a person's certificate is revoked on the person's written request, which the agency confirms.
    ``link`` is the page where papers are attached."""
    if subject != "person" or cause not in ON_OWN_REQUEST or has_request:
        return None
    return Violation(
        "no_own_request",
        f"Lý do “{Cause(cause).label}” cần đề nghị bằng văn bản của thuê bao.",
        f"Khoản 1 {CASES}",
        row,
        "Đính kèm “Đề nghị của cá nhân” cho dòng này; nếu người đó không làm đề nghị được thì chọn "
        f"“{Cause.AGENCY.label}” và ghi rõ sự việc.",
        link,
    )


def authority_request_is_attached(
    cause: str, has_paper: bool, row: int | None = None, *, link: str = ""
) -> Violation | None:
    """R22 (Điều 17 khoản 1): proceedings bodies and the police ask in writing."""
    if cause != Cause.PROCEEDINGS or has_paper:
        return None
    return Violation(
        "no_authority_request",
        "Chưa đính kèm văn bản yêu cầu của cơ quan tiến hành tố tụng hoặc cơ quan công an.",
        f"Khoản 1 {CASES}",
        row,
        "Đính kèm văn bản đó vào hồ sơ (loại “Tài liệu khác”).",
        link,
    )


def managing_agency_asks(is_its_own: bool, serial: str, row: int | None = None) -> Violation | None:
    """R26 (Điều 18): the body that directly manages the subscriber asks, or the one it went to."""
    if is_its_own:
        return None
    return Violation(
        "not_the_managing_agency",
        f"Không có chứng thư số hiệu “{serial}” do đơn vị quản lý trực tiếp.",
        WHO_ASKS,
        row,
        "Xem lại số hiệu ở trang Chứng thư của đơn vị; người đã chuyển đi thì cơ quan đang quản lý "
        "trực tiếp đề nghị.",
    )


def is_not_revoked(
    serial: str,
    revoked_on: date | None,
    row: int | None = None,
    *,
    successor: str = "",
    link: str = "",
) -> Violation | None:
    """R22: what was revoked is revoked for good. ``successor`` is the valid one on its key,
    ``link`` its page or that of the device."""
    if revoked_on is None:
        return None
    way_out = "Nếu chưa nộp lại thiết bị thì lập biên bản Mẫu số 08."
    if row is not None:
        way_out = f"Bỏ dòng này. {way_out}"
    if successor:
        way_out = f"Chứng thư đang dùng trên thiết bị này là {successor}: ghi số hiệu đó."
    message = f"Chứng thư {serial} đã bị thu hồi ngày {revoked_on:%d/%m/%Y}."
    return Violation("revoked_already", message, CASES, row, way_out, link)


def is_not_expired(
    serial: str, expired_on: date | None, row: int | None = None, *, link: str = ""
) -> Violation | None:
    """R22, R28 (Điều 17, Điều 20): an expired certificate has ended by itself; its device is
    to be given back all the same. ``link`` is the device's page."""
    if expired_on is None:
        return None
    return Violation(
        "expired_already",
        f"Chứng thư {serial} đã hết hạn ngày {expired_on:%d/%m/%Y} nên không cần đề nghị thu hồi.",
        f"{CASES}; {RETURN}",
        row,
        "Bỏ dòng này; thu lại thiết bị và nộp kèm biên bản Mẫu số 08 (Mẫu số 09 nếu thất lạc).",
        link,
    )


def identity_is_the_subscribers(matches: bool, row: int | None = None) -> Violation | None:
    """Mẫu 05, column 3: the person's number; compared by its keyed hash and never repeated."""
    if matches:
        return None
    return Violation(
        "identity_differs",
        "Số định danh cá nhân không khớp với thuê bao của chứng thư này.",
        FORM,
        row,
        "Đối chiếu số trên thẻ căn cước, hoặc xem lại số hiệu chứng thư.",
    )


def code_is_the_bodys(
    label: str, typed: str, known: str, row: int | None = None
) -> Violation | None:
    """Mẫu 05, columns 4 and 5: a body's code is the one on record, where one is."""
    if not known or typed == known:
        return None
    return Violation(
        "code_differs",
        f"{label} {typed} khác mã của cơ quan trong danh mục đơn vị ({known}).",
        FORM,
        row,
        f"Ghi {known}; nếu danh mục sai, đề nghị quản trị hệ thống cập nhật trước.",
    )


def names_its_subscriber(
    subject: str, *, has_identity: bool, has_codes: bool, row: int | None = None
) -> Violation | None:
    """Mẫu 05, columns 3–5: a person's number and card, or a body's two codes. A device, service or
    software has neither column. That what is begun is whole is for the form itself to say."""
    if subject == "person" and not has_identity:
        what = "chứng thư của cá nhân: ghi số định danh, ngày cấp, nơi cấp (cột 3)"
    elif subject == "organisation" and not has_codes:
        what = "chứng thư của cơ quan: ghi mã số thuế và mã quan hệ ngân sách (cột 4, 5)"
    else:
        return None
    return Violation(
        "subscriber_not_named", f"Dòng này là {what}.", FORM, row, "Bổ sung rồi làm lại."
    )


def device_is_the_certificates(typed: str, actual: str, row: int | None = None) -> Violation | None:
    """Mẫu 05, column 8: the device the key is in, so that the right one comes back. ``actual`` is
    "" where no device is on record (soft keys, RSSP)."""
    if not actual or typed == actual:
        return None
    message = (
        f"Thiết bị “{typed}” không phải thiết bị lưu khóa của chứng thư này."
        if typed
        else "Chưa ghi số hiệu thiết bị lưu khóa bí mật của chứng thư này."
    )
    return Violation("device_differs", message, FORM, row, f"Ghi số hiệu {actual}.")
