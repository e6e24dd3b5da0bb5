"""Mẫu số 05: revocation of certificates, persons', bodies' and systems' in one letter.

Answers of a row: certificate_name, identity_number, issued_on, issue_place (a person's),
tax_code, budget_code (a body's), email (the address the certificate was issued with),
certificate_serial, device_serial, cause (a ``Cause`` value), reason (what happened, in words).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.core.rules import Finding, Severity
from portal.core.text import identifiers
from portal.core.text.vietnamese import search_key
from requests_app.kinds import devices, parts, people
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
from requests_app.rules.revocation import FOR_BODIES, FOR_PERSONS, TOLD_IN_WORDS, Cause

PERSON_CELLS = ("identity_number", "issued_on", "issue_place")
BODY_CELLS = ("tax_code", "budget_code")

FIELDS = (
    Field(
        name="certificate_name",
        label="Tên chứng thư chữ ký số",
        is_required=True,
        hint=gettext_lazy("Họ tên hoặc tên cơ quan, hệ thống ghi trong chứng thư"),
    ),
    Field(
        name="identity_number",
        label="Số định danh cá nhân",
        checks=(identifiers.check_identity_number,),
        hint=gettext_lazy("Nếu thu hồi của cá nhân: 12 chữ số"),
        is_personal=True,
    ),
    Field(
        name="issued_on",
        label="Ngày cấp",
        checks=(identifiers.check_day,),
        widget=Widget.DATE,
        hint=gettext_lazy("Nếu thu hồi của cá nhân: dd/mm/yyyy"),
    ),
    Field(
        name="issue_place",
        label="Nơi cấp",
        checks=(identifiers.check_issue_place,),
        hint=parts.ISSUE_PLACE_HINT,
        shown=identifiers.issue_place_name,
    ),
    Field(
        name="tax_code",
        label="Mã số thuế",
        checks=(identifiers.check_tax_code,),
        hint=gettext_lazy("Nếu thu hồi của cơ quan: 10 chữ số, hoặc 10 chữ số-3 chữ số"),
    ),
    Field(
        name="budget_code",
        label="Mã quan hệ ngân sách",
        checks=(identifiers.check_budget_code,),
        hint=gettext_lazy("Nếu thu hồi của cơ quan: 7 chữ số"),
    ),
    # Whatever address it was issued with: that it is the one is the register's to say.
    replace(parts.EMAIL, checks=(), hint=gettext_lazy("Địa chỉ đã đăng ký khi cấp chứng thư")),
    parts.CERTIFICATE_SERIAL,
    replace(
        devices.DEVICE_SERIAL,
        is_required=False,
        hint=gettext_lazy("In trên thiết bị; để trống với khóa mềm, ký số tập trung"),
    ),
    Field(
        name="cause",
        label="Lý do thu hồi",
        is_required=True,
        widget=Widget.SELECT,
        choices=tuple((cause.value, str(cause.label)) for cause in Cause),
        choice_code="unknown_cause",
        hint=gettext_lazy("Các trường hợp của Điều 17"),
    ),
    Field(
        name="reason",
        label="Diễn giải lý do",
        widget=Widget.TEXT,
        max_length=500,
        hint=gettext_lazy("Sự việc, ngày, số quyết định (nếu có)"),
    ),
)


def one_subject_is_named(answers: Answers, today: date) -> Sequence[CellFinding]:
    """Columns 3–5: a person's number and card or a body's two codes, whole and never both."""
    person = [name for name in PERSON_CELLS if answers.get(name)]
    body = [name for name in BODY_CELLS if answers.get(name)]
    if person and body:
        message = _(
            "Mã số thuế, mã quan hệ ngân sách chỉ ghi khi thu hồi của cơ quan, không ghi cùng số "
            "định danh cá nhân. Hãy bỏ một bên."
        )
        return [CellFinding(body[0], Finding("two_subjects", message))]
    cause = answers.get("cause")
    if person or (not body and cause in FOR_PERSONS):
        return _missing(PERSON_CELLS, answers, _("Thu hồi chứng thư của cá nhân"))
    if body or cause in FOR_BODIES:
        return _missing(BODY_CELLS, answers, _("Thu hồi chứng thư của cơ quan"))
    return ()


def _missing(names: Sequence[str], answers: Answers, why: str) -> list[CellFinding]:
    labels = {one.name: one.label for one in FIELDS}
    return [
        CellFinding(
            name,
            Finding(
                "missing_for_subject",
                _("%(why)s phải ghi “%(label)s”.") % {"why": why, "label": labels[name]},
            ),
        )
        for name in names
        if not answers.get(name)
    ]


def reason_is_told(answers: Answers, today: date) -> Sequence[CellFinding]:
    """Column 9: a cause that names no event of its own is told in words."""
    if answers.get("cause") not in TOLD_IN_WORDS or answers.get("reason"):
        return ()
    message = _("Lý do này phải ghi rõ sự việc ở ô “Diễn giải lý do”.")
    return [CellFinding("reason", Finding("reason_not_told", message))]


def loss_has_its_minutes(answers: Answers, today: date) -> Sequence[CellFinding]:
    """R30 (Điều 20): a lost device is also told of by Mẫu 09, at once."""
    if answers.get("cause") != Cause.DEVICE_LOST:
        return ()
    message = _("Thiết bị thất lạc còn phải lập biên bản xác nhận (Mẫu 09) gửi ngay về Cục.")
    return [CellFinding("cause", Finding("needs_minutes_too", message, Severity.WARNING))]


def identity_key(answers: Answers) -> str:
    """Return the certificate's number: what a row of this form is about."""
    serial = identifiers.normalise_serial(answers.get("certificate_serial", ""))
    return f"certificate:{serial.zfill(16)}" if serial else ""


def reason_cell(answers: Answers) -> str:
    """Return column 9: the case of Điều 17 and, where it is told, what happened."""
    cause, reason = answers.get("cause", ""), answers.get("reason", "")
    label = str(Cause(cause).label) if cause in Cause else cause
    return f"{label}: {reason}" if label and reason else label or reason


COLUMNS = (
    parts.ROW_NUMBER,
    parts.column("Tên chứng thư chữ ký số", "certificate_name", "12%"),
    Column(
        label="Số định danh cá nhân/Ngày cấp, nơi cấp (nếu thu hồi của cá nhân)",
        text=people.identity_block,
        width="13%",
    ),
    parts.column("Mã số thuế (nếu thu hồi của cơ quan)", "tax_code", "8%"),
    parts.column("Mã quan hệ ngân sách (nếu thu hồi của cơ quan)", "budget_code", "8%"),
    parts.column("Địa chỉ thư điện tử công vụ", "email", "14%"),
    parts.column("Số hiệu chứng thư chữ ký số", "certificate_serial", "18%"),
    parts.column("Số hiệu thiết bị lưu khóa bí mật", "device_serial", "11%"),
    Column(label="Lý do thu hồi", text=reason_cell, width="12%"),
)

# What stands in the sheet: short, without commas, so that Excel offers them as a list.
_SHEET_CAUSES: Mapping[str, str] = {
    Cause.KEY_EXPOSED: "LỘ KHÓA",
    Cause.DEVICE_DAMAGED: "HỎNG THIẾT BỊ",
    Cause.DEVICE_LOST: "THẤT LẠC",
    Cause.UNSAFE: "MẤT AN TOÀN",
    Cause.OWN_WISH: "HẾT NHU CẦU",
    Cause.PROCEEDINGS: "TỐ TỤNG",
    Cause.AGENCY: "CƠ QUAN ĐỀ NGHỊ",
    Cause.POSITION_CHANGED: "ĐỔI VỊ TRÍ",
    Cause.RETIRED: "NGHỈ HƯU",
    Cause.LEFT: "THÔI VIỆC",
    Cause.DIED: "TỪ TRẦN",
    Cause.DISSOLVED: "GIẢI THỂ",
    Cause.SPLIT: "CHIA TÁCH",
    Cause.MERGED: "SÁP NHẬP",
    Cause.STOPPED: "NGỪNG HOẠT ĐỘNG",
}
_CAUSES_AS_TYPED: Mapping[str, str] = {
    search_key(words): cause.value
    for cause in Cause
    for words in (_SHEET_CAUSES[cause], str(cause.label), cause.value)
}


SHEET = (
    parts.NUMBER_COLUMN,
    SheetColumn(header="Tên chứng thư chữ ký số (bắt buộc)", field="certificate_name", width=30),
    SheetColumn(header="Số định danh cá nhân (nếu thu hồi của cá nhân)", field="identity_number"),
    SheetColumn(header="Ngày cấp (dạng dd/MM/YYYY)", field="issued_on"),
    SheetColumn(header="Nơi cấp", field="issue_place", width=24),
    SheetColumn(header="Mã số thuế (nếu thu hồi của cơ quan)", field="tax_code"),
    SheetColumn(header="Mã quan hệ ngân sách (nếu thu hồi của cơ quan)", field="budget_code"),
    SheetColumn(header="Địa chỉ thư điện tử công vụ (bắt buộc)", field="email", width=34),
    SheetColumn(
        header="Số hiệu chứng thư chữ ký số (bắt buộc)", field="certificate_serial", width=22
    ),
    SheetColumn(header="Số hiệu thiết bị lưu khóa bí mật", field="device_serial", width=22),
    SheetColumn(
        header="Lý do thu hồi (bắt buộc, chọn trong danh sách)",
        field="cause",
        answer=lambda text: _CAUSES_AS_TYPED.get(search_key(text), text),
        text=lambda answer: _SHEET_CAUSES.get(answer, answer),
        width=22,
    ),
    SheetColumn(header="Diễn giải lý do", field="reason", width=34),
)

KIND = Kind(
    code="mau_05_revoke",
    number="05",
    version=parts.VERSION,
    title="Đề nghị thu hồi chứng thư",
    subject="đề nghị thu hồi chứng thư chữ ký số chuyên dùng công vụ",
    legal_basis="Điều 17, Điều 18, Điều 19 Nghị định 68/2024/NĐ-CP, Mẫu số 05",
    is_layout_verified=True,
    source_note=parts.SEEN_IN_WORKING_FILES,
    procedure=Procedure.REVOKE,
    about="certificate",
    contact_title="Thông tin đầu mối phối hợp thu hồi thiết bị lưu khóa bí mật",
    contact_fields=parts.contact_fields("Địa chỉ thu hồi"),
    list_title="Số lượng và danh sách thu hồi",
    counted="chứng thư",
    headline=gettext_lazy("Thu hồi {count} chứng thư"),
    glance=((gettext_lazy("Lý do"), ("cause", "reason")),),
    fields=FIELDS,
    columns=COLUMNS,
    notes=("Địa chỉ thư điện tử công vụ: ghi địa chỉ đã đăng ký khi cấp chứng thư chữ ký số.",),
    effect=EffectKind.REVOKE,
    row_checks=(
        one_subject_is_named,
        people.days_are_in_order,
        reason_is_told,
        loss_has_its_minutes,
    ),
    list_checks=(
        # A certificate stands once in a letter.
        stands_once(
            identity_key,
            field="certificate_serial",
            code="same_certificate",
            message=gettext_lazy("Trùng số hiệu chứng thư với dòng %(row)d. Hãy bỏ một dòng."),
        ),
    ),
    item_title=lambda answers: answers.get("certificate_name", ""),
    identity_key=identity_key,
    body=(
        f"Căn cứ {parts.DECREE_BASIS} quy định về chữ ký số chuyên dùng công vụ, "
        "{agency} đề nghị {addressee} thu hồi chứng thư chữ ký số chuyên dùng công vụ như sau:"
    ),
    sheet=SHEET,
    need=gettext_lazy("Thu hồi chứng thư chữ ký số"),
    purpose=gettext_lazy(
        "Người nghỉ hưu, chuyển đi, thôi việc; cơ quan giải thể, sáp nhập; khóa bị lộ, thiết bị "
        "hỏng hoặc thất lạc. Một văn bản cho nhiều chứng thư; thiết bị được thu lại sau đó."
    ),
    when_done=gettext_lazy(
        "Đã thu hồi chứng thư; đơn vị nhận lại thiết bị (nếu có) và giao lại kèm Mẫu 08, "
        "thiết bị mất thì lập Mẫu 09"
    ),
)
