"""Mẫu số 08: minutes of giving devices back once their certificates ended (Điều 20).

Its title is the form's own; the columns have not been seen, these are ours (DOMAIN 2.8) and say so
in print. Answers of a row: certificate_name, certificate_serial, device_serial, device_kind (a
``DeviceKind``), condition (a ``Condition``), reason ("expired", "revoked", "early"),
revocation_document.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from devices.lifecycle import PRESENT, Condition
from devices.models import DeviceKind
from portal.core.law import with_numbers
from portal.core.rules import Finding, Severity
from portal.core.text import identifiers
from requests_app.kinds import devices, parts
from requests_app.kinds.base import (
    Answers,
    CellFinding,
    Column,
    EffectKind,
    Field,
    Kind,
    SheetColumn,
    SigningParty,
    Widget,
)
from requests_app.models import Procedure

EXPIRED, REVOKED, EARLY = "expired", "revoked", "early"
# S0 §2.2: a device whose certificate is no longer needed comes back before any revocation too.
REASONS = ((EXPIRED, "Hết hạn sử dụng"), (REVOKED, "Bị thu hồi"), (EARLY, "Không còn nhu cầu"))
CONDITIONS = tuple((condition.value, str(condition.label)) for condition in PRESENT)

FIELDS = (
    Field(name="certificate_name", label="Tên chứng thư chữ ký số", is_required=True),
    parts.CERTIFICATE_SERIAL,
    devices.DEVICE_SERIAL,
    Field(
        name="device_kind",
        label="Loại thiết bị",
        is_required=True,
        widget=Widget.SELECT,
        choices=tuple((kind.value, str(kind.label)) for kind in DeviceKind),
        choice_code="unknown_kind",
        default=DeviceKind.TOKEN.value,
    ),
    Field(
        name="condition",
        label="Tình trạng thiết bị",
        is_required=True,
        widget=Widget.SELECT,
        choices=CONDITIONS,
        choice_code="unknown_condition",
        default=Condition.OK.value,
    ),
    Field(
        name="reason",
        label="Lý do giao lại",
        is_required=True,
        widget=Widget.SELECT,
        choices=(("", "Chọn lý do"), *REASONS),
        choice_code="unknown_reason",
    ),
    Field(
        name="revocation_document",
        label="Số văn bản thu hồi",
        max_length=120,
        hint=gettext_lazy("Khi bị thu hồi: số, ngày văn bản đề nghị hoặc thông báo thu hồi"),
    ),
)

CONTACT_FIELDS = (
    *devices.who_hands_over("Họ và tên người giao"),
    Field(
        name="receiver_name",
        label="Họ và tên người nhận",
        checks=(identifiers.check_name,),
        max_length=150,
        starts_line=True,
        hint=gettext_lazy("Để trống nếu chưa biết; người xác nhận được ghi ở văn bản xác nhận"),
    ),
    Field(
        name="receiver_position",
        label="Chức vụ người nhận",
        checks=(identifiers.check_letters,),
        max_length=120,
    ),
)


def reason_has_its_paper(answers: Answers, today: date) -> Sequence[CellFinding]:
    """What is given back early (S0 §2.2) has a certificate still to be revoked, which Mẫu 05 asks;
    where a revocation is the reason, its column stands there to be filled."""
    reason = answers.get("reason")
    if reason == EARLY:
        message = _(
            "Giao lại khi chứng thư chưa hết hạn, chưa bị thu hồi: lập thêm hồ sơ đề nghị thu hồi "
            "(Mẫu 05)."
        )
        return [CellFinding("reason", Finding("returned_early", message, Severity.WARNING))]
    if reason == REVOKED and not answers.get("revocation_document"):
        message = _("Nên ghi số, ngày văn bản thu hồi của chứng thư này.")
        finding = Finding("no_revocation_document", message, Severity.WARNING)
        return [CellFinding("revocation_document", finding)]
    return ()


def storage_of(answers: Answers) -> str:
    """Return the device's kind; "" while the row says none that exists."""
    value = answers.get("device_kind") or DeviceKind.TOKEN.value
    return value if value in DeviceKind.values else ""


def _words(name: str) -> Column:
    one = next(one for one in FIELDS if one.name == name)
    words = dict(one.choices)
    return Column(
        label=one.label,
        text=lambda answers: words.get(answers.get(name, ""), answers.get(name, "")),
        width=_WIDTHS[name],
    )


_WIDTHS = {"device_kind": "8%", "condition": "10%", "reason": "11%"}

COLUMNS = (
    replace(parts.ROW_NUMBER, width="6%"),  # upright pages
    parts.column("Tên chứng thư chữ ký số", "certificate_name", "16%"),
    parts.column("Số hiệu chứng thư chữ ký số", "certificate_serial", "21%"),
    parts.column("Số hiệu thiết bị lưu khóa bí mật", "device_serial", "17%"),
    _words("device_kind"),
    _words("condition"),
    _words("reason"),
    parts.column("Số văn bản thu hồi", "revocation_document", "11%"),
)


def _coded(name: str) -> SheetColumn:
    """Return a column whose cells say a choice in words or by its code."""
    one = next(one for one in FIELDS if one.name == name)
    codes = {words.lower(): code for code, words in one.choices}
    words_of = dict(one.choices)
    listed = ", ".join(words for code, words in one.choices if code)
    return SheetColumn(
        header=f"{one.label} (bắt buộc: {listed})",
        field=name,
        answer=lambda text: codes.get(text.lower(), text.lower()) if text else one.default,
        text=lambda code: words_of.get(code, code) if code else "",
        width=22,
    )


SHEET = (
    parts.NUMBER_COLUMN,
    SheetColumn(header="Tên chứng thư chữ ký số (bắt buộc)", field="certificate_name", width=30),
    SheetColumn(
        header="Số hiệu chứng thư chữ ký số (bắt buộc)", field="certificate_serial", width=22
    ),
    SheetColumn(
        header="Số hiệu thiết bị lưu khóa bí mật (bắt buộc)", field="device_serial", width=22
    ),
    _coded("device_kind"),
    _coded("condition"),
    _coded("reason"),
    SheetColumn(header="Số văn bản thu hồi (nếu có)", field="revocation_document", width=22),
)

KIND = Kind(
    code="mau_08_return",
    number="08",
    version=parts.VERSION,
    title=(
        "Biên bản giao, nhận thiết bị lưu khóa bí mật sau khi chứng thư chữ ký số chuyên dùng "
        "công vụ hết hạn sử dụng hoặc chứng thư chữ ký số chuyên dùng công vụ bị thu hồi"
    ),
    lies_wide=True,
    kind_of_document="BIÊN BẢN",
    subject=(
        "Giao, nhận thiết bị lưu khóa bí mật sau khi chứng thư chữ ký số chuyên dùng công vụ "
        "hết hạn sử dụng hoặc chứng thư chữ ký số chuyên dùng công vụ bị thu hồi"
    ),
    legal_basis="Điều 20 Nghị định 68/2024/NĐ-CP, Mẫu số 08",
    is_layout_verified=False,
    source_note="Tên theo hướng dẫn 8/2024; bố cục tự thiết kế: chưa có nguyên văn Mẫu số 08",
    procedure=Procedure.RETURN_DEVICE,
    about="device",
    contact_title="Bên giao và bên nhận",
    contact_fields=CONTACT_FIELDS,
    list_title="Danh sách thiết bị lưu khóa bí mật giao lại",
    counted="thiết bị",
    headline=gettext_lazy("Giao lại {count} thiết bị"),
    fields=FIELDS,
    columns=COLUMNS,
    notes=(),
    effect=EffectKind.GIVE_BACK,
    row_checks=(reason_has_its_paper,),
    list_checks=(devices.devices_stand_once,),
    is_addressed=False,
    parties=(
        SigningParty(label="ĐẠI DIỆN BÊN GIAO", is_sender=True),
        SigningParty(
            label="ĐẠI DIỆN BÊN NHẬN",
            name=lambda contact, rows: contact.get("receiver_name", ""),
        ),
    ),
    closing="Hai bên đã kiểm đếm theo danh sách và thống nhất nội dung biên bản./.",
    item_title=lambda answers: answers.get("certificate_name", ""),
    identity_key=devices.identity_key,
    storage_of=storage_of,
    body=(
        f"Căn cứ Điều 20 {parts.DECREE_BASIS} quy định về chữ ký số chuyên dùng công vụ, "
        "{agency} (bên giao) giao lại và {addressee} (bên nhận) nhận các thiết bị lưu khóa bí mật "
        "sau đây."
    ),
    sheet=SHEET,
    need=gettext_lazy("Giao lại thiết bị đã thu hồi về đơn vị"),
    purpose=with_numbers(
        gettext_lazy(
            "Lập biên bản nộp thiết bị có chứng thư hết hạn, bị thu hồi hoặc không còn nhu cầu, "
            "trong %(return_days)02d ngày làm việc. Bên nhận xác nhận từng thiết bị."
        )
    ),
)
