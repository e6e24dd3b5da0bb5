"""What the decree says of a certificate's life: validity, renewal, change, issue anew."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime, time, timedelta

from django.utils import timezone

from portal.core import law
from portal.core.rules import Violation
from requests_app.rules.dossiers import DECREE

PERSON, ORGANISATION, SYSTEM = "person", "organisation", "system"  # of portal.agencies
# What of a certificate a change may touch, by whom it names (R10–R12, Điều 15). The e-mail and
# the bodies above are in every certificate and outlive none of them (275/BCY-CTSBMTT mục 1).
CHANGEABLE = {
    PERSON: frozenset({"email", "levels", "province"}),
    ORGANISATION: frozenset({"email", "levels", "province", "name", "address"}),
    SYSTEM: frozenset({"email", "levels", "province", "name", "address"}),
}
_CLAUSES = {PERSON: 1, ORGANISATION: 2, SYSTEM: 3}
_WORDS = {"name": "tên", "address": "địa chỉ"}
_ISSUE_ANEW = {
    PERSON: "Lập hồ sơ cấp mới (Mẫu 01) và ghi số hiệu chứng thư này ở cột “Số hiệu chứng thư "
    "chữ ký số cũ”",
    ORGANISATION: "Lập hồ sơ cấp mới (Mẫu 02) và nêu số hiệu chứng thư này trong công văn",
    SYSTEM: "Lập hồ sơ cấp mới (Mẫu 03) và ghi số hiệu chứng thư này là chứng thư cũ",
}
# One sentence for what does not exist and for what is another body's: who asks learns nothing.
UNKNOWN = (
    "Không tìm thấy chứng thư số hiệu “{serial}” trong các chứng thư đơn vị được đề nghị gia hạn, "
    "thay đổi."
)


def validity(begins: datetime, *, years: int) -> tuple[datetime, datetime]:
    """Return from when to when a certificate is valid that begins at a moment (Điều 9).

    It ends at the last second of the day before the anniversary, local time.
    """
    begins = begins.replace(microsecond=0)
    day = timezone.localdate(begins)
    try:
        anniversary = day.replace(year=day.year + years)
    except ValueError:  # born on 29 February
        anniversary = day.replace(year=day.year + years, day=28)
    last_day = anniversary - timedelta(days=1)
    return begins, timezone.make_aware(datetime.combine(last_day, time(23, 59, 59)))


def certificate_is_known(is_known: bool, serial: str, row: int | None = None) -> Violation | None:
    """R41 (NB Điều 11 khoản 6): a body asks for its own; for another's only when a person moved."""
    if is_known:
        return None
    return Violation(
        "unknown_certificate",
        UNKNOWN.format(serial=serial),
        "Quy định quản lý chữ ký số, Điều 11 khoản 6",
        row=row,
        way_out="Đối chiếu số hiệu, tên và thư điện tử đã đăng ký khi cấp. Người chuyển từ cơ quan "
        "khác đến: chọn thay đổi thông tin và ghi đủ các cấp cơ quan công tác mới.",
    )


def is_not_revoked(is_revoked: bool, kind: str, row: int | None = None) -> Violation | None:
    """R31 (Điều 21): what was revoked is neither renewed nor changed, but issued anew."""
    if not is_revoked:
        return None
    return Violation(
        "revoked",
        "Chứng thư đã bị thu hồi nên không gia hạn, thay đổi được.",
        f"Điều 21 {DECREE}",
        row=row,
        way_out=f"{_ISSUE_ANEW[kind]}; hồ sơ như cấp lần đầu.",
    )


def is_not_expired(days_left: int, kind: str, row: int | None = None) -> Violation | None:
    """R31 (Điều 21): what has expired is issued anew, as the first time."""
    if days_left >= 0:
        return None
    return Violation(
        "expired",
        "Chứng thư đã hết hạn nên không gia hạn, thay đổi được.",
        f"Điều 21 {DECREE}",
        row=row,
        way_out=f"{_ISSUE_ANEW[kind]}; hồ sơ như cấp lần đầu.",
    )


def change_ends_later(has_end_to_come: bool, kind: str) -> Violation | None:
    """R09 (Điều 14): a change keeps the end, so what ended while it waited can't be changed."""
    if has_end_to_come:
        return None
    return Violation(
        "ended_meanwhile",
        "Chứng thư đã hết hạn trong khi chờ nên không thay đổi thông tin được nữa.",
        f"Điều 14, Điều 21 {DECREE}",
        way_out=f"{_ISSUE_ANEW[kind]}; hồ sơ như cấp lần đầu.",
    )


def is_not_superseded(
    is_superseded: bool, row: int | None = None, *, successor: str = "", link: str = ""
) -> Violation | None:
    """DOMAIN 14.11: the newest certificate of a line is the one that goes on.

    ``successor`` is its number where the asking body may know it, ``link`` its page.
    """
    if not is_superseded:
        return None
    by = f"chứng thư mới số hiệu {successor}" if successor else "một chứng thư mới"
    return Violation(
        "superseded",
        f"Chứng thư này đã được thay bằng {by}.",
        f"Điều 12, Điều 14 {DECREE}",
        row=row,
        way_out="Ghi số hiệu chứng thư mới, hoặc bỏ dòng này." if row else "Xem chứng thư mới.",
        link=link,
    )


def is_not_renewed_yet(renewals: int, kind: str, row: int | None = None) -> Violation | None:
    """R05 (Điều 12): a certificate is renewed once; its successors inherit the count."""
    if renewals < law.RENEWALS_ALLOWED:
        return None
    return Violation(
        "renewed_already",
        "Chứng thư đã được gia hạn một lần nên không gia hạn được nữa.",
        f"Điều 12 {DECREE}",
        row=row,
        way_out=f"Thay đổi thông tin thì vẫn được. {_ISSUE_ANEW[kind]} trước khi chứng thư "
        "hết hạn.",
    )


def has_30_days_left_to_renew(
    days_left: int, kind: str, row: int | None = None
) -> Violation | None:
    """R06 (Điều 12): at least 30 days left on the day the dossier is received."""
    return _has_days_left(days_left, kind, row, act="gia hạn", code="renew", article="Điều 12")


def has_30_days_left_to_change(
    days_left: int, kind: str, row: int | None = None
) -> Violation | None:
    """R08 (Điều 14): at least 30 days left on the day the dossier is received."""
    act = "thay đổi thông tin"
    return _has_days_left(days_left, kind, row, act=act, code="change", article="Điều 14")


def _has_days_left(
    days_left: int, kind: str, row: int | None, *, act: str, code: str, article: str
) -> Violation | None:
    if days_left >= law.DAYS_LEFT_TO_ASK:
        return None
    return Violation(
        f"too_late_to_{code}",
        f"Chứng thư chỉ còn {days_left} ngày hiệu lực nên không {act} được "
        f"(phải còn ít nhất {law.DAYS_LEFT_TO_ASK} ngày khi nhận đề nghị).",
        f"{article} {DECREE}",
        row=row,
        way_out=f"{_ISSUE_ANEW[kind]}; được làm trước khi chứng thư hết hạn.",
    )


def renewal_extends(
    not_after: date, renewed_until: date, row: int | None = None
) -> Violation | None:
    """R04 (Điều 9), DOMAIN 14.12: 3 years at most from today, and it must end later than before."""
    if renewed_until > not_after:
        return None
    return Violation(
        "does_not_extend",
        f"Chứng thư còn hiệu lực đến {not_after:%d/%m/%Y}; gia hạn hôm nay chỉ được đến "
        f"{renewed_until:%d/%m/%Y} (không quá {law.RENEWED_VALIDITY_YEARS} năm) nên không dài "
        f"thêm.",
        f"Điều 9 {DECREE}",
        row=row,
        way_out=f"Gia hạn khi chứng thư còn dưới {law.RENEWED_VALIDITY_YEARS} năm; mỗi chứng "
        f"thư chỉ "
        "được gia hạn một lần.",
    )


def change_fits_subscriber(
    changed: Collection[str], kind: str, row: int | None = None
) -> Violation | None:
    """R10–R12 (Điều 15): what may be changed depends on whom the certificate names."""
    too_much = [word for name, word in _WORDS.items() if name in set(changed) - CHANGEABLE[kind]]
    if not too_much:
        return None
    return Violation(
        "not_changeable",
        f"Không thay đổi {', '.join(too_much)} trong chứng thư của cá nhân bằng Mẫu 04; chỉ thay "
        "đổi cơ quan công tác, tỉnh/thành phố và thư điện tử công vụ.",
        f"Điều 15 khoản {_CLAUSES[kind]} {DECREE}",
        row=row,
        way_out="Bỏ giá trị này; nếu họ tên không còn đúng thì đề nghị thu hồi (Mẫu 05) và cấp mới "
        "(Mẫu 01).",
    )


def device_can_take_it(
    condition: str, *, is_given_back: bool, kind: str, row: int | None = None
) -> Violation | None:
    """R22 (Điều 17), R28 (Điều 20): the new certificate goes onto the same device.

    A lost or broken one is revoked, one that was given back is no longer anybody's.
    """
    if condition not in ("lost", "damaged") and not is_given_back:
        return None
    words = {"lost": "đã được báo thất lạc", "damaged": "đã hỏng"}
    return Violation(
        f"device_{condition}" if condition in words else "device_given_back",
        f"Thiết bị lưu khóa của chứng thư này {words.get(condition, 'đã được thu hồi')} nên chứng "
        "thư mới không cài vào được.",
        f"Điều 17, Điều 20 {DECREE}",
        row=row,
        way_out=f"Đề nghị thu hồi chứng thư (Mẫu 05). {_ISSUE_ANEW[kind]}.",
    )


def sim_names_its_number(is_sim: bool, phone: str, row: int | None = None) -> Violation | None:
    """Mẫu 04, column 3: a SIM PKI is named with its signing number, and only a SIM is."""
    if is_sim == bool(phone):
        return None
    if is_sim:
        code, message = "missing_signing_phone", "Chứng thư này nằm trên SIM PKI."
        way_out = "Ghi thêm số điện thoại ký số cạnh số hiệu chứng thư."
    else:
        code, message = "only_for_sim", "Chứng thư này không nằm trên SIM PKI."
        way_out = "Bỏ trống số điện thoại ký số."
    return Violation(code, message, f"Mẫu số 04 {DECREE}, cột 3", row=row, way_out=way_out)
