"""Mẫu số 02: certificates for agencies and organisations.

Answers of a row: name (as in the establishment decision), address, tax_code, budget_code,
province, email, storage (a ``Storage`` value), csr (PKCS#10 as PEM, for an HSM).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.ca.models import Storage
from portal.ca.pki.names import SubjectName
from portal.core.rules import Finding, Severity
from portal.core.text import identifiers
from portal.core.text.provinces import province_name
from portal.core.text.vietnamese import search_key
from requests_app.kinds import key_requests, parts
from requests_app.kinds.base import (
    Answers,
    CellFinding,
    EffectKind,
    Field,
    Kind,
    SheetColumn,
    Widget,
    stands_once,
)
from requests_app.models import Procedure

# An organisation's key is in a thing its records officer keeps, or in an HSM (DOMAIN 1.1, 5.4).
STORAGES = (Storage.TOKEN, Storage.HSM, Storage.RSSP)

FIELDS = (
    Field(
        name="name",
        label="Tên cơ quan, tổ chức",
        checks=(identifiers.check_letters,),
        is_required=True,
        hint=gettext_lazy("Ghi đúng như quyết định thành lập"),
    ),
    Field(name="address", label="Địa chỉ", is_required=True),
    Field(
        name="tax_code",
        label="Mã số thuế",
        checks=(identifiers.check_tax_code,),
        hint=gettext_lazy("10 chữ số, hoặc 10 chữ số-3 chữ số"),
    ),
    Field(
        name="budget_code",
        label="Mã quan hệ ngân sách",
        checks=(identifiers.check_budget_code,),
        hint=gettext_lazy("7 chữ số"),
    ),
    parts.PROVINCE,
    parts.EMAIL,
    Field(
        name="storage",
        label="Loại thiết bị",
        widget=Widget.SELECT,
        choices=tuple((storage.value, storage.value.upper()) for storage in STORAGES),
        choice_code="unknown_kind",
        default=Storage.TOKEN.value,
        hint=gettext_lazy("RSSP là ký số tập trung"),
    ),
    key_requests.FIELD,
)


def names_a_code(answers: Answers, today: date) -> Sequence[CellFinding]:
    """Columns 4 and 5 identify the body; without either the CA has only the name. DERIVED."""
    if not answers.get("name") or answers.get("tax_code") or answers.get("budget_code"):
        return ()
    message = _(
        "Chưa ghi mã số thuế và mã quan hệ ngân sách. Nếu cơ quan có mã thì hãy bổ sung; "
        "không tự đặt mã."
    )
    return [CellFinding("tax_code", Finding("no_code", message, Severity.WARNING))]


def identity_key(answers: Answers) -> str:
    """Return what finds the body again: its name without case and marks."""
    name = search_key(answers.get("name", ""))
    return f"body:{name}" if name else ""


def subject_name(answers: Answers, superior: str) -> SubjectName:
    """Return CN = the body, O = the body above it (DOMAIN 5.2), L = the province."""
    return SubjectName(
        common_name=answers["name"],
        organisation_levels=(superior,) if superior else (),
        locality=province_name(answers["province"]),
        email=answers["email"],
        tax_code=answers.get("tax_code", ""),
    )


COLUMNS = (
    replace(parts.ROW_NUMBER, width="6%"),
    parts.column("Tên cơ quan, tổ chức", "name", "21%"),
    parts.column("Địa chỉ", "address", "22%"),
    parts.column("Mã số thuế", "tax_code", "12%"),
    parts.column("Mã quan hệ ngân sách", "budget_code", "10%"),
    parts.column("Tỉnh/Thành phố", "province", "10%"),
    parts.column("Địa chỉ thư điện tử công vụ", "email", "19%"),
)

SHEET = (
    parts.NUMBER_COLUMN,
    SheetColumn(header="Tên cơ quan, tổ chức (bắt buộc)", field="name", width=40),
    SheetColumn(header="Địa chỉ (bắt buộc)", field="address", width=40),
    SheetColumn(header="Mã số thuế", field="tax_code"),
    SheetColumn(header="Mã quan hệ ngân sách", field="budget_code"),
    SheetColumn(header="Tỉnh/Thành phố (bắt buộc)", field="province"),
    SheetColumn(header="Địa chỉ thư điện tử công vụ (bắt buộc)", field="email", width=34),
    SheetColumn(
        header="Loại thiết bị (nếu không ghi sẽ là TOKEN; TOKEN, HSM hoặc RSSP)",
        field="storage",
        answer=parts.storage_answer,
        text=str.upper,
    ),
)

KIND = Kind(
    code="mau_02_organisation",
    number="02",
    version=parts.VERSION,
    title="Đề nghị cấp chứng thư cho cơ quan, tổ chức",
    subject="đề nghị cấp chứng thư chữ ký số chuyên dùng công vụ cho cơ quan, tổ chức",
    legal_basis="Điều 10, Điều 11 Nghị định 68/2024/NĐ-CP, Mẫu số 02",
    is_layout_verified=True,
    source_note=parts.SEEN_IN_WORKING_FILES,
    procedure=Procedure.ISSUE,
    about="organisation",
    contact_title="Thông tin người tiếp nhận thiết bị lưu khóa bí mật",
    contact_fields=parts.contact_fields("Địa chỉ tiếp nhận (địa chỉ cơ quan, tổ chức công tác)"),
    list_title="Số lượng và danh sách đăng ký",
    counted="cơ quan, tổ chức",
    headline=gettext_lazy("Cấp chứng thư cho {count} cơ quan, tổ chức"),
    glance=(
        (gettext_lazy("Địa chỉ"), ("address",)),
        (gettext_lazy("Thư điện tử"), ("email",)),
    ),
    short=gettext_lazy("Cấp mới"),
    fields=FIELDS,
    columns=COLUMNS,
    notes=(parts.EMAIL_NOTE,),
    effect=EffectKind.ISSUE,
    row_checks=(
        names_a_code,
        parts.email_is_of_the_province("email", "province"),
        key_requests.request_fits(
            parts.storage_of,
            names=lambda answers: (answers.get("name", ""),),
            addresses=lambda answers: (answers.get("email", ""),),
        ),
    ),
    list_checks=(
        # One body is asked for once with one kind of device.
        stands_once(
            lambda answers: (
                (body, parts.storage_of(answers)) if (body := identity_key(answers)) else ""
            ),
            field="name",
            code="same_body",
            message=gettext_lazy("Trùng tên cơ quan với dòng %(row)d. Hãy bỏ một dòng."),
        ),
        key_requests.keys_stand_once,
    ),
    item_title=lambda answers: answers.get("name", ""),
    identity_key=identity_key,
    storage_of=parts.storage_of,
    subject_name=subject_name,
    body=(
        f"Căn cứ {parts.DECREE_BASIS} quy định về chữ ký số chuyên dùng công vụ, "
        "{agency} đề nghị {addressee} cấp chứng thư chữ ký số chuyên dùng công vụ cho cơ quan, "
        "tổ chức như sau:"
    ),
    sheet=SHEET,
    need=gettext_lazy("Cấp chứng thư chữ ký số cho cơ quan, tổ chức"),
    purpose=gettext_lazy(
        "Cơ quan có tư cách pháp nhân cần chữ ký số của cơ quan (thay cho con dấu trên văn bản "
        "điện tử). Lần đầu thì văn bản ký tay, đóng dấu rồi quét; kèm quyết định thành lập."
    ),
    when_done=parts.WHEN_ISSUED,
)
