"""Mẫu số 07: notice that key devices were handed over to their subscribers.

The decree's own layout has not been seen; this one is ours (DOMAIN 2.8) and says so in print.
Answers of a row: subscriber_name, identity_number (a person's number or a body's tax code),
certificate_serial, device_serial, device_kind (a ``Storage`` value), handed_over_on, receiver.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.ca.models import Storage
from portal.core.rules import Finding, Severity
from portal.core.text import identifiers
from portal.core.text.identifiers import Findings
from portal.core.text.vietnamese import search_key
from requests_app.kinds import devices, parts
from requests_app.kinds.base import (
    Answers,
    CellFinding,
    Column,
    EffectKind,
    Field,
    Kind,
    SheetColumn,
    Widget,
    not_to_come,
)
from requests_app.models import Procedure

# Soft keys and RSSP are no things that change hands.
DEVICES = (Storage.TOKEN, Storage.SIM, Storage.SD, Storage.HSM)
_IDENTITY_LENGTH = 12


def check_identity_or_tax_code(value: str) -> Findings:
    """A person's 12 digits, or a body's tax code."""
    if len(value) == _IDENTITY_LENGTH and value.isdigit():
        return identifiers.check_identity_number(value)
    return identifiers.check_tax_code(value)


FIELDS = (
    Field(name="subscriber_name", label="Tên thuê bao", is_required=True),
    Field(
        name="identity_number",
        label="Số định danh cá nhân hoặc mã số thuế",
        checks=(check_identity_or_tax_code,),
        is_personal=True,
    ),
    parts.CERTIFICATE_SERIAL,
    devices.DEVICE_SERIAL,
    Field(
        name="device_kind",
        label="Loại thiết bị",
        widget=Widget.SELECT,
        choices=tuple((storage.value, str(storage.label)) for storage in DEVICES),
        choice_code="unknown_kind",
        default=Storage.TOKEN.value,
    ),
    Field(
        name="handed_over_on",
        label="Ngày bàn giao",
        checks=(identifiers.check_day,),
        is_required=True,
        widget=Widget.DATE,
        hint=gettext_lazy("dd/mm/yyyy"),
    ),
    Field(
        name="receiver",
        label="Người nhận",
        checks=(identifiers.check_name,),
        is_required=True,
        max_length=150,
    ),
)

CONTACT_FIELDS = (
    *devices.who_hands_over("Họ và tên người bàn giao"),
    Field(
        name="email",
        label="Địa chỉ thư điện tử công vụ",
        checks=(identifiers.check_official_email,),
        is_required=True,
        widget=Widget.EMAIL,
        max_length=254,
    ),
    Field(
        name="issue_notice",
        label="Căn cứ thông báo cấp chứng thư (số, ngày)",
        starts_line=True,
        hint=gettext_lazy("Ví dụ Thông báo số 12/TB-CTS ngày 20/11/2026; để trống nếu không có"),
    ),
)


# Điều 11: the notice follows the hand-over, it does not announce one.
is_handed_over_already = not_to_come(
    "handed_over_on",
    gettext_lazy("Ngày bàn giao ở sau hôm nay. Chỉ thông báo sau khi đã bàn giao."),
)


def receiver_is_the_person(answers: Answers, today: date) -> Sequence[CellFinding]:
    """N30 Điều 32 khoản 3: a personal device is for its owner's hands."""
    number, receiver = answers.get("identity_number", ""), answers.get("receiver", "")
    name = answers.get("subscriber_name", "")
    if len(number) != _IDENTITY_LENGTH or not receiver or not name:
        return ()
    if search_key(receiver) == search_key(name):
        return ()
    message = _(
        "Người nhận khác thuê bao. Thiết bị cá nhân phải giao tận tay thuê bao; hãy xem lại."
    )
    finding = Finding("receiver_is_not_subscriber", message, Severity.WARNING)
    return [CellFinding("receiver", finding)]


def storage_of(answers: Answers) -> str:
    """Return the device's kind; "" while the row says none that exists."""
    value = answers.get("device_kind") or Storage.TOKEN.value
    return value if value in Storage.values else ""


COLUMNS = (
    parts.ROW_NUMBER,
    parts.column("Tên thuê bao", "subscriber_name", "15%"),
    parts.column("Số định danh cá nhân/Mã số thuế", "identity_number", "12%"),
    parts.column("Số hiệu chứng thư chữ ký số", "certificate_serial", "16%"),
    parts.column("Số hiệu thiết bị lưu khóa bí mật", "device_serial", "13%"),
    Column(
        label="Loại thiết bị",
        text=lambda answers: (
            str(Storage(kind).label)
            if (kind := storage_of(answers))
            else answers.get("device_kind", "")
        ),
        width="9%",
    ),
    parts.column("Ngày bàn giao", "handed_over_on", "10%"),
    parts.column("Người nhận", "receiver", "13%"),
    Column(label="Ký nhận", text=lambda answers: "", width="8%"),
)


SHEET = (
    parts.NUMBER_COLUMN,
    SheetColumn(header="Tên thuê bao (bắt buộc)", field="subscriber_name", width=30),
    SheetColumn(header="Số định danh cá nhân hoặc mã số thuế", field="identity_number"),
    SheetColumn(
        header="Số hiệu chứng thư chữ ký số (bắt buộc)", field="certificate_serial", width=22
    ),
    SheetColumn(
        header="Số hiệu thiết bị lưu khóa bí mật (bắt buộc)", field="device_serial", width=22
    ),
    SheetColumn(
        header="Loại thiết bị (nếu không ghi sẽ là TOKEN; TOKEN, SIM, SD hoặc HSM)",
        field="device_kind",
        answer=parts.answer_in(
            {"": Storage.TOKEN.value}
            | {storage.value: storage.value for storage in DEVICES}
            | {str(storage.label).lower(): storage.value for storage in DEVICES}
        ),
        text=str.upper,
    ),
    SheetColumn(header="Ngày bàn giao (bắt buộc, để dạng dd/MM/YYYY)", field="handed_over_on"),
    SheetColumn(header="Người nhận (bắt buộc)", field="receiver", width=26),
)

KIND = Kind(
    code="mau_07_handover",
    number="07",
    version=parts.VERSION,
    title="Thông báo bàn giao thiết bị cho thuê bao",
    subject="thông báo bàn giao thiết bị lưu khóa bí mật cho thuê bao",
    legal_basis="Điều 11 Nghị định 68/2024/NĐ-CP, Mẫu số 07",
    is_layout_verified=False,
    source_note="Bố cục tự thiết kế: chưa có nguyên văn Mẫu số 07 để đối chiếu",
    procedure=Procedure.HANDOVER_NOTICE,
    about="device",
    contact_title="Thông tin người bàn giao thiết bị lưu khóa bí mật",
    contact_fields=CONTACT_FIELDS,
    list_title="Danh sách thiết bị lưu khóa bí mật đã bàn giao",
    counted="thiết bị",
    headline=gettext_lazy("Thông báo bàn giao {count} thiết bị"),
    glance=(
        (gettext_lazy("Người nhận"), ("receiver", "handed_over_on")),
        (gettext_lazy("Thư điện tử"), ("email",)),
    ),
    fields=FIELDS,
    columns=COLUMNS,
    notes=(),
    effect=EffectKind.RECORD_HANDOVER,
    row_checks=(
        is_handed_over_already,
        receiver_is_the_person,
    ),
    list_checks=(devices.devices_stand_once,),
    item_title=lambda answers: answers.get("subscriber_name", ""),
    identity_key=devices.identity_key,
    storage_of=storage_of,
    body=(
        f"Căn cứ {parts.DECREE_BASIS} quy định về chữ ký số chuyên dùng công vụ, "
        "{agency} thông báo đến {addressee} việc bàn giao thiết bị lưu khóa bí mật cho thuê bao "
        "như sau:"
    ),
    sheet=SHEET,
    need=gettext_lazy("Thông báo đã bàn giao thiết bị cho thuê bao"),
    purpose=gettext_lazy(
        "Gửi Cục ngay sau khi giao USB Token, SIM PKI… cho người dùng. Một văn bản cho nhiều "
        "thiết bị."
    ),
)
