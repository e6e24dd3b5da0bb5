"""Mẫu số 09: minutes that confirm the loss of key devices.

The decree's own layout has not been seen; this one is ours (DOMAIN 2.8) and says so in print.
Answers of a row: subscriber_name, device_serial, certificate_serial, lost_on, place,
circumstances, measures, revocation (a code of ``REVOCATION``, "" for not yet).
"""

from __future__ import annotations

from django.utils.translation import gettext_lazy

from portal.core.text import identifiers
from requests_app.kinds import devices, parts
from requests_app.kinds.base import (
    Answers,
    Column,
    EffectKind,
    Field,
    Kind,
    SheetColumn,
    SigningParty,
    Widget,
    not_to_come,
)
from requests_app.models import Procedure

ASKED, WILL_ASK = "asked", "will_ask"
REVOCATION = (
    (ASKED, "Đã đề nghị thu hồi"),
    (WILL_ASK, "Đề nghị thu hồi ngay sau biên bản này"),
    ("", "Chưa đề nghị thu hồi"),
)
_LONG = 500  # of what is told in sentences

FIELDS = (
    Field(name="subscriber_name", label="Tên thuê bao", is_required=True),
    devices.DEVICE_SERIAL,
    parts.CERTIFICATE_SERIAL,
    Field(
        name="lost_on",
        label="Ngày thất lạc (hoặc ngày phát hiện)",
        checks=(identifiers.check_day,),
        is_required=True,
        widget=Widget.DATE,
        hint=gettext_lazy("dd/mm/yyyy"),
    ),
    Field(name="place", label="Nơi thất lạc", is_required=True),
    Field(
        name="circumstances",
        label="Hoàn cảnh thất lạc",
        is_required=True,
        widget=Widget.TEXTAREA,
        max_length=_LONG,
    ),
    Field(
        name="measures",
        label="Biện pháp đã thực hiện",
        is_required=True,
        widget=Widget.TEXTAREA,
        max_length=_LONG,
        hint=gettext_lazy("Ví dụ: đã tìm ở đâu, đã báo ai, ngày nào"),
    ),
    Field(
        name="revocation",
        label="Đề nghị thu hồi chứng thư",
        widget=Widget.SELECT,
        choices=REVOCATION,
        choice_code="unknown_revocation",
        default=WILL_ASK,
    ),
)

CONTACT_FIELDS = (
    Field(
        name="made_at",
        label="Giờ lập biên bản",
        is_required=True,
        max_length=30,
        hint=gettext_lazy("Ví dụ 09 giờ 30 phút"),
    ),
    Field(
        name="made_on",
        label="Ngày lập biên bản",
        checks=(identifiers.check_day,),
        is_required=True,
        widget=Widget.DATE,
        hint=gettext_lazy("dd/mm/yyyy"),
    ),
    Field(name="made_in", label="Địa điểm", is_required=True),
    Field(
        name="maker",
        label="Người lập biên bản",
        checks=(identifiers.check_name,),
        is_required=True,
        max_length=150,
        starts_line=True,
    ),
    Field(
        name="maker_position",
        label="Chức vụ",
        checks=(identifiers.check_letters,),
        is_required=True,
        max_length=120,
    ),
    Field(
        name="participants",
        label="Thành phần tham gia",
        is_required=True,
        max_length=_LONG,
        starts_line=True,
        hint=gettext_lazy("Họ tên, chức vụ từng người, cách nhau bằng dấu chấm phẩy"),
    ),
)


def revocation_words(answers: Answers) -> str:
    """Return what the minutes say of the revocation."""
    value = answers.get("revocation", "")
    return dict(REVOCATION).get(value, value)


COLUMNS = (
    parts.ROW_NUMBER,
    parts.column("Tên thuê bao", "subscriber_name", "13%"),
    parts.column("Số hiệu thiết bị lưu khóa bí mật", "device_serial", "12%"),
    parts.column("Số hiệu chứng thư chữ ký số", "certificate_serial", "16%"),
    Column(
        label="Thời điểm, nơi thất lạc",
        text=lambda answers: parts.lines(answers.get("lost_on"), answers.get("place")),
        width="13%",
    ),
    parts.column("Hoàn cảnh thất lạc", "circumstances", "17%"),
    parts.column("Biện pháp đã thực hiện", "measures", "14%"),
    Column(label="Đề nghị thu hồi chứng thư", text=revocation_words, width="11%"),
)


SHEET = (
    parts.NUMBER_COLUMN,
    SheetColumn(header="Tên thuê bao (bắt buộc)", field="subscriber_name", width=30),
    SheetColumn(
        header="Số hiệu thiết bị lưu khóa bí mật (bắt buộc)", field="device_serial", width=22
    ),
    SheetColumn(
        header="Số hiệu chứng thư chữ ký số (bắt buộc)", field="certificate_serial", width=22
    ),
    SheetColumn(header="Ngày thất lạc (bắt buộc, để dạng dd/MM/YYYY)", field="lost_on"),
    SheetColumn(header="Nơi thất lạc (bắt buộc)", field="place", width=30),
    SheetColumn(header="Hoàn cảnh thất lạc (bắt buộc)", field="circumstances", width=40),
    SheetColumn(header="Biện pháp đã thực hiện (bắt buộc)", field="measures", width=40),
    SheetColumn(
        header="Đề nghị thu hồi chứng thư",
        field="revocation",
        answer=parts.answer_in({label.lower(): code for code, label in REVOCATION}),
        text=lambda value: revocation_words({"revocation": value}),
        rule=gettext_lazy(
            "“Đã đề nghị thu hồi” hoặc “Đề nghị thu hồi ngay sau biên bản này”; chưa thì bỏ trống"
        ),
        width=34,
    ),
)

KIND = Kind(
    code="mau_09_loss",
    number="09",
    version=parts.VERSION,
    title="Biên bản xác nhận thiết bị bị thất lạc",
    kind_of_document="BIÊN BẢN",
    subject="Xác nhận thiết bị lưu khóa bí mật bị thất lạc",
    legal_basis="Điều 20 Nghị định 68/2024/NĐ-CP, Mẫu số 09",
    is_layout_verified=False,
    lies_wide=True,
    source_note="Bố cục tự thiết kế: chưa có nguyên văn Mẫu số 09 để đối chiếu",
    procedure=Procedure.REPORT_LOSS,
    about="device",
    contact_title="Thời gian, địa điểm, thành phần",
    contact_fields=CONTACT_FIELDS,
    list_title="Thiết bị lưu khóa bí mật bị thất lạc",
    counted="thiết bị",
    headline=gettext_lazy("Xác nhận thất lạc {count} thiết bị"),
    glance=((gettext_lazy("Nơi và ngày thất lạc"), ("place", "lost_on")),),
    fields=FIELDS,
    columns=COLUMNS,
    notes=(),
    effect=EffectKind.RECORD_LOSS,
    row_checks=(
        # Minutes confirm what has happened.
        not_to_come("lost_on", gettext_lazy("Ngày thất lạc ở sau hôm nay. Hãy xem lại ngày.")),
    ),
    list_checks=(devices.devices_stand_once,),
    item_title=lambda answers: answers.get("subscriber_name", ""),
    identity_key=devices.identity_key,
    is_addressed=False,
    parties=(
        SigningParty(label="NGƯỜI LẬP", name=lambda contact, rows: contact.get("maker", "")),
        SigningParty(
            label="THUÊ BAO",
            name=lambda contact, rows: (
                names.pop()
                if len(names := {answers.get("subscriber_name", "") for answers in rows}) == 1
                else ""
            ),
        ),
        SigningParty(label="ĐẠI DIỆN CƠ QUAN", is_sender=True),
    ),
    body=(
        f"Căn cứ {parts.DECREE_BASIS} quy định về chữ ký số chuyên dùng công vụ, "
        "{agency} lập biên bản xác nhận thiết bị lưu khóa bí mật bị thất lạc, gửi {addressee}, "
        "như sau:"
    ),
    closing=(
        "Thuê bao và cơ quan quản lý trực tiếp cam kết nội dung trên là đúng sự thật và nộp lại "
        "thiết bị ngay khi tìm thấy. Biên bản đã được đọc lại, thống nhất và ký."
    ),
    sheet=SHEET,
    need=gettext_lazy("Xác nhận thiết bị bị thất lạc"),
    purpose=gettext_lazy(
        "Thiết bị của đơn vị bị mất: biên bản gửi Cục ngay. Biên bản không tự thu hồi chứng thư; "
        "gửi xong, hệ thống mở sẵn hồ sơ đề nghị thu hồi (Mẫu 05)."
    ),
    when_done=gettext_lazy(
        "Biên bản đã được ghi nhận; chứng thư còn hiệu lực thì đề nghị thu hồi (Mẫu 05)"
    ),
)
