"""What several forms share: section 1, the address, the province, storage, marks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.ca.models import Storage
from portal.core.rules import Finding, Severity
from portal.core.text import identifiers
from portal.core.text.identifiers import Findings
from portal.core.text.provinces import (
    domain_meant,
    province_name,
    province_now,
    province_of_email,
    province_of_today,
)
from requests_app.kinds.base import (
    Answers,
    CellFinding,
    Column,
    Field,
    RowCheck,
    SheetColumn,
    Widget,
)

DECREE_BASIS = "Nghị định số 68/2024/NĐ-CP ngày 25 tháng 6 năm 2024 của Chính phủ"
SEEN_IN_WORKING_FILES = (
    "Chép theo hồ sơ làm việc của một văn thư cấp xã (09/2026), đối chiếu biểu mẫu 09/2024 của Cục"
)
VERSION = "NĐ68/2024"
WHEN_ISSUED = gettext_lazy(
    "Đã cấp đủ chứng thư; thiết bị (nếu có) được gửi về đơn vị, theo dõi ở mục Thiết bị"
)
EMAIL_NOTE = (
    "Địa chỉ thư điện tử công vụ: là địa chỉ thư điện tử do cơ quan nhà nước cấp, không sử dụng "
    "thư điện tử công cộng (gmail, yahoo, hotmail…)."
)

# Codes of the CA's sheet; SD Secure stands only in the demand form of 2021 (DOMAIN 2.9).
SHEET_STORAGES = (Storage.TOKEN, Storage.SIM, Storage.SOFT, Storage.RSSP, Storage.HSM)
STORAGE_CHOICES = tuple(
    (storage.value, storage.value.upper()) for storage in (*SHEET_STORAGES, Storage.SD)
)


_TOKEN = Storage.TOKEN.value
_STORAGES = frozenset(Storage.values)  # built once: ``values`` makes a list at each look


def check_province(value: str) -> Findings:
    """One of the 34 provinces of 01/7/2025 (DOMAIN 9); others are asked about, not refused."""
    if province_of_today(value):
        return ()
    message = _(
        "“%(name)s” không phải một trong 34 tỉnh, thành phố từ ngày 01/7/2025. "
        "Hãy ghi tên tỉnh, thành phố hiện nay."
    )
    now = province_now(province_name(value))
    return (Finding("unknown_province", message % {"name": value}, Severity.WARNING, now),)


def email_is_of_the_province(email: str, province: str) -> RowCheck:
    """Return the check that the address in ``email`` is not of another province's domain, nor of
    one that is the own province's but for a slip.

    A field office of a central body, say, may rightly have one: it is asked about.
    """

    def check(answers: Answers, today: date) -> Sequence[CellFinding]:
        of_email = province_of_email(answers.get(email, ""))
        stated = answers.get(province, "")
        of_row = province_now(province_name(stated))
        if meant := domain_meant(answers.get(email, ""), of_row):
            message = _("Tên miền thư có thể gõ nhầm. Có phải: “%(meant)s”?") % {"meant": meant}
            finding = Finding("email_misspelt", message, Severity.WARNING, meant, asks=True)
            return [CellFinding(email, finding)]
        if not of_email or not of_row or of_email == of_row:
            return ()
        message = _(
            "Thư điện tử thuộc tên miền của %(other)s nhưng dòng này ghi %(province)s. "
            "Hãy kiểm tra lại địa chỉ."
        ) % {"other": of_email, "province": stated}
        finding = Finding("email_of_other_province", message, Severity.WARNING, asks=True)
        return [CellFinding(email, finding)]

    return check


def check_storage(value: str) -> Findings:
    """SD Secure is none of the codes of the CA's sheet."""
    if value != Storage.SD:
        return ()
    message = _(
        "SD Secure không có trong các loại thiết bị của bảng mẫu (%(codes)s). "
        "Hãy hỏi Cục trước khi đề nghị."
    )
    codes = ", ".join(storage.value.upper() for storage in SHEET_STORAGES)
    return (Finding("not_in_sheet_codes", message % {"codes": codes}, Severity.WARNING),)


def storage_of(answers: Answers) -> str:
    """Return the storage a row asks for; "" while it says none that exists."""
    value = answers.get("storage") or _TOKEN
    return value if value in _STORAGES else ""


def storage_answer(text: str) -> str:
    """Return the answer for what a sheet says: nothing is a token; what is unknown stays."""
    if not text:
        return _TOKEN
    code = text.lower()
    return code if code in _STORAGES else text


STORAGE = Field(
    name="storage",
    label="Loại thiết bị",
    checks=(check_storage,),
    widget=Widget.SELECT,
    choices=STORAGE_CHOICES,
    choice_code="unknown_kind",
    default=Storage.TOKEN.value,
    hint=gettext_lazy("RSSP là ký số tập trung"),
)

EMAIL = Field(
    name="email",
    label="Địa chỉ thư điện tử công vụ",
    checks=(identifiers.check_official_email,),
    is_required=True,
    widget=Widget.EMAIL,
    max_length=254,
    hint=gettext_lazy("Do cơ quan nhà nước cấp, ví dụ …@laichau.gov.vn"),
    is_personal=True,
)

CERTIFICATE_SERIAL = Field(
    name="certificate_serial",
    label="Số hiệu chứng thư chữ ký số",
    checks=(identifiers.check_certificate_serial,),
    is_required=True,
    hint=gettext_lazy("16 ký tự 0–9, A–F"),
)

PROVINCE = Field(
    name="province",
    label="Tỉnh/Thành phố",
    checks=(check_province,),
    is_required=True,
    max_length=60,
    hint=gettext_lazy("Ví dụ Lai Châu"),
)

ISSUE_PLACE_HINT = gettext_lazy("CCSQLHCVTTXH, CCSĐKQLCTVDLQGVDC hoặc Bộ Công an")
ROW_NUMBER = Column(label="STT", text=lambda answers: "", width="4%", is_number=True)
NUMBER_COLUMN = SheetColumn(header="STT", width=6)


def mark_answer(text: str) -> str:
    """Return the answer of a box: "x" for a mark as people type it; what is none stays."""
    return "x" if text in ("X", "x", "\u00d7") else text


def answer_in(codes: Mapping[str, str]) -> Callable[[str], str]:
    """Return what turns a cell into an answer: its code, however it is written; else as it is."""
    return lambda text: codes.get(text.lower(), text)


def lines(*texts: str | None) -> str:
    """Return a cell of several lines, the empty ones left out."""
    return "\n".join(text for text in texts if text)


def column(label: str, name: str, width: str) -> Column:
    """Return a printed column that shows one answer as typed."""
    return Column(label=label, text=lambda answers: answers.get(name, ""), width=width)


def contact_fields(address_label: str) -> tuple[Field, ...]:
    """Return section 1 of Mẫu 01–05: who receives or works with the CA."""
    return (
        Field(
            name="full_name",
            label="Họ và tên",
            checks=(identifiers.check_name,),
            is_required=True,
            max_length=150,
            autocomplete="name",
        ),
        Field(
            name="identity_number",
            label="Số định danh cá nhân",
            checks=(identifiers.check_identity_number,),
            is_required=True,
            is_personal=True,
            hint=gettext_lazy("12 chữ số trên thẻ căn cước"),
        ),
        Field(
            name="issued_on",
            label="Ngày cấp",
            checks=(identifiers.check_day,),
            is_required=True,
            widget=Widget.DATE,
            hint=gettext_lazy("dd/mm/yyyy"),
        ),
        Field(
            name="issue_place",
            label="Nơi cấp",
            is_required=True,
            hint=ISSUE_PLACE_HINT,
            shown=identifiers.issue_place_name,
        ),
        Field(
            name="position",
            label="Chức vụ",
            checks=(identifiers.check_letters,),
            is_required=True,
            max_length=120,
            starts_line=True,
        ),
        Field(
            name="phone",
            label="Số điện thoại di động",
            checks=(identifiers.check_phone,),
            is_required=True,
            widget=Widget.TEL,
            is_personal=True,
            autocomplete="tel",
        ),
        Field(
            name="email",
            label="Địa chỉ thư điện tử công vụ",
            checks=(identifiers.check_official_email,),
            is_required=True,
            widget=Widget.EMAIL,
            max_length=254,
            autocomplete="email",
        ),
        Field(name="address", label=address_label, is_required=True, starts_line=True),
    )
