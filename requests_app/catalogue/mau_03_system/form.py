"""Mẫu số 03: certificates for devices, services and software.

Answers of a row: name, owner (the body that owns or manages it, as registered), address, province,
domain (domain name, IP address, or words that identify it), purpose, email, storage (a ``Storage``
value), csr (PKCS#10 as PEM), note, old_serial. The form's own columns have not been seen.
"""

from __future__ import annotations

from django.utils.translation import gettext_lazy

from portal.ca.models import Storage
from portal.ca.pki.names import SubjectName
from portal.core.text import identifiers
from portal.core.text.provinces import province_name
from portal.core.text.vietnamese import search_key
from requests_app.kinds import key_requests, parts
from requests_app.kinds.base import (
    Answers,
    Column,
    EffectKind,
    Field,
    Kind,
    SheetColumn,
    Widget,
    stands_once,
)
from requests_app.models import Procedure

# DOMAIN 2.4: "HSM/Token/tệp PKCS#10"; the last is a key kept by the software itself.
STORAGES = {
    Storage.HSM.value: "HSM",
    Storage.TOKEN.value: "Token",
    Storage.SOFT.value: "Tệp PKCS#10",
}

FIELDS = (
    Field(
        name="name",
        label="Tên thiết bị, dịch vụ, phần mềm",
        checks=(identifiers.check_letters,),
        is_required=True,
        hint=gettext_lazy("Tên sẽ ghi trong chứng thư"),
    ),
    Field(
        name="owner",
        label="Cơ quan, tổ chức quản lý (sở hữu)",
        checks=(identifiers.check_letters,),
        is_required=True,
        hint=gettext_lazy("Đơn vị gửi hoặc cơ quan trực thuộc, đúng tên trong danh mục"),
    ),
    Field(name="address", label="Địa chỉ", is_required=True),
    parts.PROVINCE,
    Field(
        name="domain",
        label="Tên miền/địa chỉ IP hoặc thông tin nhận diện",
        checks=(identifiers.check_host,),
        is_required=True,
        hint=gettext_lazy("Ví dụ dichvucong.laichau.gov.vn"),
    ),
    Field(
        name="purpose",
        label="Mục đích sử dụng",
        is_required=True,
        hint=gettext_lazy("Ví dụ xác thực máy chủ, ký phản hồi tự động"),
    ),
    parts.EMAIL,
    Field(
        name="storage",
        label="Hình thức lưu khóa",
        is_required=True,
        widget=Widget.SELECT,
        choices=tuple(STORAGES.items()),
        choice_code="unknown_kind",
        default=Storage.SOFT.value,
        hint=gettext_lazy("HSM, Token, hoặc tệp PKCS#10 của khóa mềm"),
    ),
    key_requests.FIELD,
    Field(name="note", label="Ghi chú"),
    Field(
        name="old_serial",
        label="Số hiệu chứng thư chữ ký số cũ (nếu có)",
        checks=(identifiers.check_certificate_serial,),
        hint=gettext_lazy("16 ký tự 0–9, A–F"),
    ),
)


def storage_of(answers: Answers) -> str:
    """Return where the key will live; "" while the row says none of the form's."""
    value = answers.get("storage", "")
    return value if value in STORAGES else ""


def host_of(answers: Answers) -> str:
    """Return the domain name or IP address a row gives; "" when it identifies by words."""
    return identifiers.host_of(answers.get("domain", ""))


def identity_key(answers: Answers) -> str:
    """Return what finds the system again: its owner, its name, where it is reached."""
    parts_of_it = [search_key(answers.get(name, "")) for name in ("owner", "name", "domain")]
    return "system:" + "|".join(parts_of_it) if parts_of_it[1] else ""


def subject_name(answers: Answers, superior: str) -> SubjectName:
    """Return CN = the system, under its owner and the body above that; the domain goes beside."""
    return SubjectName(
        common_name=answers["name"],
        organisation_levels=(superior, answers["owner"]) if superior else (answers["owner"],),
        locality=province_name(answers["province"]),
        email=answers["email"],
        domain=host_of(answers),
    )


def storage_cell(answers: Answers) -> str:
    """Return how the key is kept and, where the agency made it, its fingerprint: what is signed
    names the very key."""
    words = STORAGES.get(storage_of(answers), "")
    request = key_requests.request_of(answers)
    if request is None:
        return words
    return f"{words}\nSHA-256 của khóa:\n{key_requests.fingerprint(request)}"


COLUMNS = (
    parts.ROW_NUMBER,
    parts.column("Tên thiết bị, dịch vụ, phần mềm", "name", "13%"),
    parts.column("Cơ quan, tổ chức quản lý (sở hữu)", "owner", "12%"),
    parts.column("Địa chỉ", "address", "9%"),
    parts.column("Tỉnh/Thành phố", "province", "8%"),
    parts.column("Tên miền/địa chỉ IP hoặc thông tin nhận diện", "domain", "12%"),
    parts.column("Mục đích sử dụng", "purpose", "9%"),
    parts.column("Thư điện tử công vụ", "email", "12%"),
    Column(label="Hình thức lưu khóa (HSM/Token/tệp PKCS#10)", text=storage_cell, width="14%"),
    Column(
        label="Ghi chú",
        # With the serial of the certificate this one replaces (DOMAIN 14.2).
        text=lambda answers: parts.lines(
            answers.get("note"),
            f"Số hiệu chứng thư cũ: {old}" if (old := answers.get("old_serial")) else "",
        ),
        width="7%",
    ),
)


SHEET = (
    parts.NUMBER_COLUMN,
    SheetColumn(header="Tên thiết bị, dịch vụ, phần mềm (bắt buộc)", field="name", width=36),
    SheetColumn(header="Cơ quan, tổ chức quản lý (sở hữu) (bắt buộc)", field="owner", width=36),
    SheetColumn(header="Địa chỉ (bắt buộc)", field="address", width=30),
    SheetColumn(header="Tỉnh/Thành phố (bắt buộc)", field="province"),
    SheetColumn(
        header="Tên miền/địa chỉ IP hoặc thông tin nhận diện (bắt buộc)", field="domain", width=32
    ),
    SheetColumn(header="Mục đích sử dụng (bắt buộc)", field="purpose", width=30),
    SheetColumn(header="Thư điện tử công vụ (bắt buộc)", field="email", width=34),
    SheetColumn(
        header="Hình thức lưu khóa (bắt buộc; HSM, TOKEN hoặc SOFT; SOFT là tệp PKCS#10)",
        field="storage",
        answer=parts.answer_in(
            {key.lower(): code for code, label in STORAGES.items() for key in (code, label)}
        ),
        text=str.upper,
        rule=gettext_lazy("Tệp PKCS#10 của HSM, SOFT được tải lên ở trang soạn danh sách"),
    ),
    SheetColumn(header="Ghi chú", field="note", width=24),
    SheetColumn(header="Số hiệu chứng thư cũ", field="old_serial", width=20),
)

_SUBJECT = "đề nghị cấp chứng thư chữ ký số chuyên dùng công vụ cho thiết bị, dịch vụ, phần mềm"

KIND = Kind(
    code="mau_03_system",
    number="03",
    version=parts.VERSION,
    title="Đề nghị cấp chứng thư cho thiết bị, dịch vụ, phần mềm",
    subject=_SUBJECT,
    legal_basis="Điều 10, Điều 11 Nghị định 68/2024/NĐ-CP, Mẫu số 03",
    is_layout_verified=False,
    source_note="Bố cục tự thiết kế: chưa có nguyên văn Mẫu số 03 để đối chiếu",
    procedure=Procedure.ISSUE,
    about="system",
    contact_title="Thông tin người tiếp nhận chứng thư chữ ký số (thiết bị lưu khóa bí mật)",
    contact_fields=parts.contact_fields("Địa chỉ tiếp nhận (địa chỉ cơ quan, tổ chức công tác)"),
    list_title="Số lượng và danh sách đăng ký",
    counted="thiết bị, dịch vụ, phần mềm",
    headline=gettext_lazy("Cấp chứng thư cho {count} thiết bị, dịch vụ, phần mềm"),
    glance=(
        (gettext_lazy("Cơ quan quản lý"), ("owner",)),
        (gettext_lazy("Tên miền"), ("domain",)),
        (gettext_lazy("Thư điện tử"), ("email",)),
    ),
    short=gettext_lazy("Cấp mới"),
    fields=FIELDS,
    columns=COLUMNS,
    notes=(parts.EMAIL_NOTE,),
    effect=EffectKind.ISSUE,
    row_checks=(
        parts.email_is_of_the_province("email", "province"),
        key_requests.request_fits(
            storage_of,
            names=lambda answers: (answers.get("name", ""), host_of(answers)),
            addresses=lambda answers: (host_of(answers), answers.get("email", "")),
        ),
    ),
    list_checks=(
        # One device, service or software is asked for once with one kind of key.
        stands_once(
            lambda answers: (
                (system, storage_of(answers)) if (system := identity_key(answers)) else ""
            ),
            field="name",
            code="same_system",
            message=gettext_lazy("Trùng với dòng %(row)d. Hãy bỏ một dòng."),
        ),
        key_requests.keys_stand_once,
    ),
    item_title=lambda answers: answers.get("name", ""),
    identity_key=identity_key,
    storage_of=storage_of,
    subject_name=subject_name,
    body=(
        f"Căn cứ {parts.DECREE_BASIS} quy định về chữ ký số chuyên dùng công vụ, "
        "{agency} đề nghị {addressee} cấp chứng thư chữ ký số chuyên dùng công vụ cho thiết bị, "
        "dịch vụ, phần mềm như sau:"
    ),
    sheet=SHEET,
    need=gettext_lazy("Cấp chứng thư cho thiết bị, dịch vụ, phần mềm"),
    purpose=gettext_lazy(
        "Máy chủ, cổng dịch vụ, phần mềm do cơ quan sở hữu hoặc quản lý. Khóa trong HSM hoặc khóa "
        "mềm thì cơ quan tự tạo và gửi tệp PKCS#10 (.csr) kèm từng dòng."
    ),
    when_done=parts.WHEN_ISSUED,
)
