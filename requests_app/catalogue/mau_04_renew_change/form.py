"""Mẫu số 04: certificates renewed, their information changed, or both in one row.

Answers of a row: certificate_name, certificate_serial, signing_phone (of a SIM PKI), email (the
address registered at issue), renews, changes ("x" or ""), and what is new: new_email, new_org1 …
new_org4 (all levels of the subject, from the top), new_province, new_name, new_address. Old values
are not typed: the certificate has them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.agencies.models import SubscriberKind
from portal.ca.pki.names import SubjectName
from portal.core.law import with_numbers
from portal.core.rules import Finding
from portal.core.text import identifiers
from portal.core.text.provinces import province_name
from requests_app.kinds import parts, people
from requests_app.kinds.base import (
    Answers,
    CellFinding,
    Column,
    EffectKind,
    Field,
    Kind,
    SheetColumn,
    Widget,
    stands_once,
)
from requests_app.models import Procedure

LEVELS = ("new_org1", "new_org2", "new_org3", "new_org4")
MARK = "×"  # noqa: RUF001 (as the form says)

FIELDS = (
    Field(
        name="certificate_name",
        label="Tên chứng thư chữ ký số",
        is_required=True,
        hint=gettext_lazy("Ghi đúng tên trong chứng thư"),
    ),
    replace(parts.CERTIFICATE_SERIAL, label="Số hiệu chứng thư"),
    Field(
        name="signing_phone",
        label="Số điện thoại ký số",
        checks=(identifiers.check_phone,),
        widget=Widget.TEL,
        hint=gettext_lazy("Chỉ ghi khi chứng thư nằm trên SIM PKI"),
        is_personal=True,
    ),
    Field(
        # No check of its own: whatever was registered is right, and nothing else is.
        name="email",
        label="Địa chỉ thư điện tử công vụ",
        is_required=True,
        widget=Widget.EMAIL,
        max_length=254,
        hint=gettext_lazy("Địa chỉ đã đăng ký khi cấp chứng thư"),
        is_personal=True,
    ),
    Field(
        name="renews",
        label="Gia hạn",
        widget=Widget.CHECKBOX,
        choices=(("x", "X"),),
        choice_code="not_a_mark",
        hint=gettext_lazy("Một lần cho mỗi chứng thư"),
    ),
    Field(
        name="changes",
        label="Thay đổi thông tin - TĐTT",
        widget=Widget.CHECKBOX,
        choices=(("x", "X"),),
        choice_code="not_a_mark",
        hint=gettext_lazy("Ngày hết hạn giữ nguyên"),
    ),
    Field(
        name="new_email",
        label="Thư điện tử công vụ mới",
        checks=(identifiers.check_official_email,),
        widget=Widget.EMAIL,
        max_length=254,
        is_personal=True,
    ),
    Field(
        name="new_org1",
        label="Tổ chức cấp 1 mới",
        checks=(identifiers.check_letters,),
        hint=gettext_lazy("Ghi đủ các cấp từ trên xuống; thay cho mọi cấp cũ"),
    ),
    Field(name="new_org2", label="Tổ chức cấp 2 mới", checks=(identifiers.check_letters,)),
    Field(name="new_org3", label="Tổ chức cấp 3 mới", checks=(identifiers.check_letters,)),
    Field(name="new_org4", label="Tổ chức cấp 4 mới", checks=(identifiers.check_letters,)),
    Field(
        name="new_province",
        label="Tỉnh/Thành phố mới",
        checks=(parts.check_province,),
        max_length=60,
    ),
    Field(
        name="new_name",
        label="Tên mới",
        checks=(identifiers.check_letters,),
        hint=gettext_lazy("Của cơ quan, tổ chức hoặc thiết bị, dịch vụ, phần mềm"),
    ),
    Field(
        name="new_address",
        label="Địa chỉ mới",
        hint=gettext_lazy("Địa chỉ hoạt động của cơ quan; tên miền của thiết bị, dịch vụ"),
    ),
)

# What can be new, by the name the rules know it by: its label on paper and the answers it is in.
NEW_VALUES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "name": ("Tên chứng thư", ("new_name",)),
    "levels": ("Cơ quan, tổ chức", LEVELS),
    "address": ("Địa chỉ", ("new_address",)),
    "province": ("Tỉnh/Thành phố", ("new_province",)),
    "email": ("Thư điện tử công vụ", ("new_email",)),
}


def changed(answers: Answers) -> list[str]:
    """Return what a row gives a new value for, in the order it is printed."""
    return [
        name
        for name, (_label, fields) in NEW_VALUES.items()
        if any(answers.get(field) for field in fields)
    ]


def moves_workplace(answers: Answers) -> bool:
    """Say whether a row asks for another working agency: what the receiving body files (R41)."""
    return bool(answers.get("changes")) and "levels" in changed(answers)


def changed_subject(old: SubjectName, kind: str, answers: Answers) -> SubjectName:
    """Return the subject of the new certificate: the old one's with the changes."""
    levels = tuple(answers[level] for level in LEVELS if answers.get(level))
    is_system = kind == SubscriberKind.SYSTEM
    return replace(
        old,
        common_name=answers.get("new_name") or old.common_name,
        organisation_levels=levels or old.organisation_levels,
        locality=province_name(answers.get("new_province", "")) or old.locality,
        email=answers.get("new_email") or old.email,
        domain=(answers.get("new_address") if is_system else "") or old.domain,
    )


def services_are_marked(answers: Answers, today: date) -> Sequence[CellFinding]:
    """Column 7 of Mẫu 04: a row asks to renew, to change, or both; columns 5 and 6 are filled for
    a change (note to Mẫu 04), and for a change only."""
    is_change, is_new = bool(answers.get("changes")), bool(changed(answers))
    found = []
    if not is_change and not answers.get("renews"):
        message = _("Đánh dấu ít nhất một dịch vụ: gia hạn, thay đổi thông tin, hoặc cả hai.")
        found.append(CellFinding("renews", Finding("nothing_asked", message)))
    if is_new and not is_change:
        message = _("Có ghi thông tin mới nhưng chưa đánh dấu thay đổi thông tin.")
        found.append(CellFinding("changes", Finding("change_not_marked", message)))
    if is_change and not is_new:
        message = _("Đã đánh dấu thay đổi thông tin nhưng chưa ghi thông tin mới nào.")
        found.append(CellFinding("new_email", Finding("no_new_value", message)))
    return found


def new_differs_from_old(answers: Answers, today: date) -> Sequence[CellFinding]:
    """A new value that is the old one changes nothing."""
    message = _("Thông tin mới giống thông tin cũ. Hãy ghi giá trị mới hoặc bỏ trống.")
    pairs = (("new_email", "email"), ("new_name", "certificate_name"))
    return [
        CellFinding(new, Finding("same_as_old", message))
        for new, old in pairs
        if answers.get(new) and answers[new] == answers.get(old)
    ]


def identity_key(answers: Answers) -> str:
    """Return the certificate's number: what a row is about."""
    serial = identifiers.normalise_serial(answers.get("certificate_serial", ""))
    return f"certificate:{serial.zfill(16)}" if serial else ""


def new_cell(answers: Answers) -> str:
    """Return column 6: the new values, a line each; the working agency lowest level first."""
    return _numbered(
        [
            ", ".join(
                answers[field] for field in reversed(NEW_VALUES[name][1]) if answers.get(field)
            )
            for name in changed(answers)
        ]
    )


def _numbered(lines: Sequence[str]) -> str:
    """Number several lines, so that columns 5 and 6 can be read side by side."""
    if len(lines) == 1:
        return lines[0]
    return "\n".join(f"{number}. {line}" for number, line in enumerate(lines, start=1))


def _mark_cell(name: str, width: str) -> Column:
    label = next(one.label for one in FIELDS if one.name == name)
    return Column(
        label=label,
        text=lambda answers: MARK if answers.get(name) else "",
        width=width,
        group="Dịch vụ yêu cầu",
    )


COLUMNS = (
    replace(parts.ROW_NUMBER, width="6%"),
    parts.column("Tên chứng thư chữ ký số", "certificate_name", "13%"),
    Column(
        label="Số hiệu chứng thư (SIM-PKI ghi thêm số điện thoại ký số)",
        text=lambda answers: parts.lines(
            answers.get("certificate_serial"),
            identifiers.normalise_phone(answers.get("signing_phone", "")),
        ),
        width="24%",
    ),
    parts.column("Địa chỉ thư điện tử công vụ", "email", "16%"),
    Column(
        label="Thông tin cần thay đổi",
        text=lambda answers: _numbered([NEW_VALUES[name][0] for name in changed(answers)]),
        width="11%",
    ),
    Column(label="Thông tin mới", text=new_cell, width="16%"),
    _mark_cell("renews", "6%"),
    _mark_cell("changes", "8%"),
)

NOTES = (
    "Cột 4: ghi địa chỉ thư điện tử công vụ đã đăng ký khi cấp chứng thư chữ ký số.",
    "Cột 5, cột 6: chỉ ghi khi đề nghị thay đổi nội dung thông tin.",
    f"Cột 7: đánh dấu {MARK} vào dịch vụ yêu cầu; đề nghị cả hai dịch vụ thì đánh dấu cả hai ô.",
)

_HEADERS = {
    "certificate_name": "Tên chứng thư chữ ký số (bắt buộc)",
    "certificate_serial": "Số hiệu chứng thư (bắt buộc)",
    "signing_phone": "Số điện thoại ký số (nếu là SIM PKI)",
    "email": "Địa chỉ thư điện tử công vụ đã đăng ký (bắt buộc)",
    "renews": "Gia hạn (đánh dấu X)",
    "changes": "Thay đổi thông tin - TĐTT (đánh dấu X)",
}
_WIDE = frozenset({"certificate_name", "email", "new_email", "new_name", "new_address", *LEVELS})
_MARKS = frozenset({"renews", "changes"})


SHEET = (
    parts.NUMBER_COLUMN,
    *(
        SheetColumn(
            header=_HEADERS.get(one.name, one.label),
            field=one.name,
            answer=parts.mark_answer if one.name in _MARKS else str,
            text=str.upper if one.name in _MARKS else str,
            width=32 if one.name in _WIDE else 20,
        )
        for one in FIELDS
    ),
)

KIND = Kind(
    code="mau_04_renew_change",
    number="04",
    version=parts.VERSION,
    title="Đề nghị gia hạn, thay đổi thông tin chứng thư",
    subject=(
        "đề nghị gia hạn, thay đổi nội dung thông tin chứng thư chữ ký số chuyên dùng công vụ"
    ),
    legal_basis="Điều 12–16 Nghị định 68/2024/NĐ-CP, Mẫu số 04",
    is_layout_verified=True,
    source_note=parts.SEEN_IN_WORKING_FILES,
    procedure=Procedure.RENEW_CHANGE,
    about="certificate",
    contact_title="Thông tin người tiếp nhận chứng thư chữ ký số",
    contact_fields=parts.contact_fields("Địa chỉ tiếp nhận"),
    list_title="Số lượng và danh sách đăng ký",
    counted="chứng thư",
    headline=gettext_lazy("Gia hạn, thay đổi thông tin {count} chứng thư"),
    glance=(
        (gettext_lazy("Thư điện tử"), ("email",)),
        (
            gettext_lazy("Thông tin mới"),
            ("new_name", "new_org4", "new_org3", "new_org2", "new_org1", "new_email"),
        ),
    ),
    fields=FIELDS,
    columns=COLUMNS,
    notes=NOTES,
    effect=EffectKind.RENEW_CHANGE,
    row_checks=(
        services_are_marked,
        # They become O and OU of the certificate, all anew: none is left out in between.
        people.levels_have_no_gap(LEVELS),
        new_differs_from_old,
        parts.email_is_of_the_province("new_email", "new_province"),
    ),
    list_checks=(
        # One certificate stands once in a list: both boxes in one row, never two rows.
        stands_once(
            identity_key,
            field="certificate_serial",
            code="same_certificate",
            message=gettext_lazy(
                "Trùng số hiệu chứng thư với dòng %(row)d. Cần cả gia hạn và thay đổi thì đánh "
                "dấu cả hai trong một dòng."
            ),
        ),
    ),
    takes_over=True,
    item_title=lambda answers: answers.get("certificate_name", ""),
    identity_key=identity_key,
    body=(
        f"Căn cứ {parts.DECREE_BASIS} quy định về chữ ký số chuyên dùng công vụ, "
        "{agency} đề nghị {addressee} gia hạn, thay đổi nội dung thông tin chứng thư chữ ký số "
        "chuyên dùng công vụ như sau:"
    ),
    sheet=SHEET,
    need=gettext_lazy("Gia hạn hoặc thay đổi thông tin chứng thư"),
    purpose=with_numbers(
        gettext_lazy(
            "Chứng thư còn ít nhất %(days_left)s ngày: gia hạn một lần, hoặc đổi cơ quan công tác, "
            "tên cơ quan, thư điện tử. Dùng tiếp thiết bị cũ. Người mới chuyển đến do cơ quan nhận "
            "lập."
        )
    ),
    when_done=gettext_lazy(
        "Đã cấp chứng thư mới; mở từng chứng thư, cài vào thiết bị đang dùng rồi bấm xác nhận"
    ),
    judged=(
        (
            "unknown_certificate",
            "Chứng thư của đơn vị hoặc người mới chuyển đến",
            "NB Điều 11",
        ),
        ("revoked", "Chứng thư chưa bị thu hồi", "Điều 21"),
        ("expired", "Chứng thư chưa hết hạn", "Điều 21"),
        ("email_differs", "Đúng thư điện tử đã đăng ký khi cấp", "Ghi chú Mẫu 04"),
        (
            "too_late_to_renew",
            with_numbers("Gia hạn: còn ít nhất %(days_left)s ngày khi nhận"),
            "Điều 12",
        ),
        ("renewed_already", "Gia hạn: chưa gia hạn lần nào", "Điều 12"),
        (
            "does_not_extend",
            with_numbers("Gia hạn: không quá %(renewed_years)s năm và dài hơn hạn cũ"),
            "Điều 9",
        ),
        (
            "too_late_to_change",
            with_numbers("Thay đổi: còn ít nhất %(days_left)s ngày khi nhận"),
            "Điều 14",
        ),
        ("not_changeable", "Thay đổi: đúng trường hợp được thay đổi", "Điều 15"),
    ),
)
