"""Mẫu số 06: recovery (unlocking) of key devices.

Answers of a row: device_serial, certificate_name, workplace, email (the address the certificate
was issued with).
"""

from __future__ import annotations

from dataclasses import replace

from django.utils.translation import gettext_lazy

from requests_app.kinds import devices, parts
from requests_app.kinds.base import Column, EffectKind, Field, Kind, SheetColumn
from requests_app.models import Procedure

_SUBSCRIBER = "Thông tin của thuê bao"

FIELDS = (
    devices.DEVICE_SERIAL,
    Field(
        name="certificate_name",
        label="Tên chứng thư chữ ký số",
        is_required=True,
        hint=gettext_lazy("Họ tên hoặc tên cơ quan, tổ chức ghi trong chứng thư"),
    ),
    Field(name="workplace", label="Cơ quan, tổ chức công tác", is_required=True),
    # Whatever address it was issued with: that it is the one is the register's to say.
    replace(
        parts.EMAIL,
        checks=(),
        hint=gettext_lazy("Địa chỉ đã đăng ký khi cấp chứng thư"),
    ),
)


# Section 1 of the form has no e-mail and no receiving address, but the workplace.
_KNOWN = {one.name: one for one in parts.contact_fields("")}
CONTACT_FIELDS = (
    *(
        _KNOWN[name]
        for name in ("full_name", "identity_number", "issued_on", "issue_place", "position")
    ),
    Field(
        name="workplace",
        label="Cơ quan, tổ chức công tác",
        is_required=True,
        starts_line=True,
        autocomplete="organization",
    ),
    replace(_KNOWN["phone"], starts_line=True),
)

COLUMNS = (
    replace(parts.ROW_NUMBER, width="6%"),
    parts.column("Số hiệu thiết bị lưu khóa bí mật", "device_serial", "19%"),
    *(
        Column(label=label, text=parts.column(label, name, "").text, width="25%", group=_SUBSCRIBER)
        for label, name in (
            ("Tên chứng thư chữ ký số", "certificate_name"),
            ("Cơ quan, tổ chức công tác", "workplace"),
            ("Địa chỉ thư điện tử công vụ", "email"),
        )
    ),
)

SHEET = (
    parts.NUMBER_COLUMN,
    SheetColumn(
        header="Số hiệu thiết bị lưu khóa bí mật (bắt buộc)", field="device_serial", width=24
    ),
    SheetColumn(header="Tên chứng thư chữ ký số (bắt buộc)", field="certificate_name", width=30),
    SheetColumn(header="Cơ quan, tổ chức công tác (bắt buộc)", field="workplace", width=34),
    SheetColumn(header="Địa chỉ thư điện tử công vụ (bắt buộc)", field="email", width=34),
)

KIND = Kind(
    code="mau_06_recover",
    number="06",
    version=parts.VERSION,
    title="Đề nghị khôi phục thiết bị lưu khóa bí mật",
    subject="đề nghị khôi phục thiết bị lưu khóa bí mật",
    legal_basis="Điều 22 Nghị định 68/2024/NĐ-CP, Mẫu số 06",
    is_layout_verified=True,
    source_note=parts.SEEN_IN_WORKING_FILES,
    procedure=Procedure.RECOVER,
    about="device",
    contact_title="Thông tin người phối hợp thực hiện khôi phục thiết bị",
    contact_fields=CONTACT_FIELDS,
    list_title="Thông tin thiết bị lưu khóa bí mật cần khôi phục",
    counted="thiết bị",
    headline=gettext_lazy("Khôi phục {count} thiết bị"),
    glance=((gettext_lazy("Cơ quan"), ("workplace",)),),
    fields=FIELDS,
    columns=COLUMNS,
    notes=(),
    effect=EffectKind.RECOVER,
    list_checks=(devices.devices_stand_once,),
    item_title=lambda answers: answers.get("certificate_name", ""),
    identity_key=devices.identity_key,
    body=(
        f"Căn cứ {parts.DECREE_BASIS} quy định về chữ ký số chuyên dùng công vụ, "
        "{agency} đề nghị {addressee} khôi phục thiết bị lưu khóa bí mật như sau:"
    ),
    sheet=SHEET,
    need=gettext_lazy("Khôi phục (mở khóa) thiết bị lưu khóa bí mật"),
    purpose=gettext_lazy(
        "Thiết bị bị khóa do nhập sai mật khẩu (PIN) quá số lần, chứng thư còn hiệu lực. Mở khóa "
        "xong, thuê bao tự đặt mã PIN mới. Một văn bản cho nhiều thiết bị."
    ),
    when_done=gettext_lazy("Đã mở khóa; thuê bao đặt mã PIN mới ở trang thiết bị"),
)
