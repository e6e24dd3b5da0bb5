"""The notice of revocation (Điều 20): whose certificates fell, when, and what is to be given back.

Its own layout, marked so. The 5 working days of the sender run from its delivery.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.utils import timezone

from portal.ca.models import Certificate
from portal.core.law import with_numbers
from portal.documents.letters import Letter
from requests_app.catalogue.mau_05_revoke.form import reason_cell
from requests_app.kinds import parts
from requests_app.models import Dossier, DossierItem
from requests_app.submission.letter_content import (
    OWN_DESIGN,
    decider_of,
    letter_words,
    signer_lines_of,
    superior_of,
)

_COLUMNS = (
    ("Dòng", "8%", ""),
    ("Tên chứng thư chữ ký số", "17%", ""),
    ("Số hiệu chứng thư chữ ký số", "28%", ""),
    ("Số hiệu thiết bị lưu khóa bí mật", "17%", ""),
    ("Thu hồi lúc", "13%", ""),
    ("Lý do", "17%", ""),
)
_GIVE_BACK = with_numbers(
    "Thiết bị lưu khóa bí mật có tên trong danh sách: thuê bao nộp lại cơ quan, tổ chức quản lý "
    "trực tiếp; cơ quan, tổ chức thu lại và bàn giao trong thời hạn %(return_days)02d ngày làm "
    "việc kể từ ngày nhận được thông báo này, kèm biên bản theo Mẫu số 08 (Điều 20 Nghị định số "
    "68/2024/NĐ-CP)."
)
_LOST = (
    "Thiết bị bị thất lạc: lập biên bản xác nhận theo Mẫu số 09 và gửi ngay "
    "(Điều 20 Nghị định số 68/2024/NĐ-CP)."
)
_REFUSED = "{count} trường hợp không được chấp nhận nêu tại thông báo từ chối gửi kèm hồ sơ."


def revocation_notice_of(
    dossier: Dossier,
    items: Sequence[DossierItem],
    revoked: Mapping[int, Sequence[Certificate]],
    *,
    refused: int,
    now: datetime,
) -> Letter:
    """Return the notice to the sender, of the day of ``now``; its number stays blank.

    ``items`` are the rows done, ``revoked`` key → the certificates that fell on it: a certificate
    and its successor share the key, and the row names one of them. ``refused`` rows have a notice
    of their own.
    """
    version = decider_of(dossier).versions.order_by("-valid_from")[0]
    what = (
        f"Căn cứ {parts.DECREE_BASIS} quy định về chữ ký số chuyên dùng công vụ; theo đề nghị của "
        f"{dossier.agency_version.name} tại Công văn {letter_words(dossier)}, {version.name} thông "
        f"báo đã thu hồi chứng thư chữ ký số của {len(items)} trường hợp có tên trong danh sách "
        "dưới đây."
    )
    opening = [what]
    if any(item.device_id for item in items):
        opening += [str(_GIVE_BACK), _LOST]
    if refused:
        opening.append(_REFUSED.format(count=refused))
    copies = [copy.agency.name for copy in dossier.copies.select_related("agency")]
    return Letter(
        superior=superior_of(version),
        agency=version.name,
        place=version.place,
        day=timezone.localdate(now),
        kind_of_document="THÔNG BÁO",
        subject="Thu hồi chứng thư chữ ký số chuyên dùng công vụ",
        addressees=[dossier.agency_version.name],
        opening=opening,
        list_title="Danh sách chứng thư chữ ký số đã thu hồi",
        columns=_COLUMNS,
        rows=[
            _row(item, revoked.get(item.certificate.key_id, ()) if item.certificate else ())
            for item in items
        ],
        recipients=["Như trên;", *[f"{name} (để theo dõi);" for name in copies], "Lưu: VT."],
        signer_lines=signer_lines_of(version),
        layout_note=OWN_DESIGN,
    )


def _row(item: DossierItem, fallen: Sequence[Certificate]) -> list[str]:
    """Return one line; a row with nothing left to revoke says why in place of the moment."""
    serials = [one.serial for one in fallen] or [item.answers.get("certificate_serial", "")]
    moments = dict.fromkeys(
        f"{timezone.localtime(one.revoked_at):%H:%M:%S %d/%m/%Y}"
        for one in fallen
        if one.revoked_at
    )
    reason = reason_cell(item.answers)
    return [
        str(item.position),
        item.title,
        "\n".join(serials),
        item.device.serial if item.device else "",
        "\n".join(moments),
        f"{reason}\n{item.outcome_reason}" if item.outcome_reason else reason,
    ]
