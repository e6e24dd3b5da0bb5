"""What is said of renewed and changed certificates: the notice to the sender, the receiver's mail.

The notice is our own layout, marked so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile

from django.utils import timezone

from portal.ca.models import Certificate
from portal.ca.register.guidance import installation_steps
from portal.ca.register.installation import SUPERSEDED_AFTER
from portal.core.law import with_numbers
from portal.documents.letters import Letter
from portal.notices.services import Attached
from requests_app.kinds import parts
from requests_app.models import Dossier, DossierItem
from requests_app.submission.letter_content import (
    OWN_DESIGN,
    decider_of,
    letter_words,
    signer_lines_of,
    superior_of,
)

CER = "application/pkix-cert"
_KEEPS_ITS_DEVICE = with_numbers(
    "Khóa bí mật và thiết bị giữ nguyên: chứng thư mới cài vào chính thiết bị đang dùng. Chứng thư "
    "cũ được thu hồi khi đơn vị xác nhận đã cài, hoặc %(superseded_days)s ngày sau khi cấp "
    "chứng thư mới."
)
MOST_FILES = 10  # of one mail; more go in one ZIP
_COLUMNS = (
    ("Dòng", "8%", ""),
    ("Tên chứng thư chữ ký số", "18%", ""),
    ("Số hiệu chứng thư cũ", "23%", ""),
    ("Số hiệu chứng thư mới", "23%", ""),
    ("Hiệu lực đến", "13%", ""),
    ("Số hiệu thiết bị lưu khóa bí mật", "15%", ""),
)


@dataclass(frozen=True, slots=True)
class ReceiversMail:
    """What the receiver named in section 1 gets."""

    subject: str
    text: str
    attached: list[Attached]

    @classmethod
    def of_new_certificates(
        cls, dossier: Dossier, pairs: Sequence[tuple[Certificate, Certificate]]
    ) -> ReceiversMail:
        """Return the mail about (old, new) certificates, with the new ones' files.

        Names and certificates' numbers, no identity numbers: mail leaves the house.
        """
        count = len(pairs)
        news = [new for _old, new in pairs]
        steps = installation_steps({old.key.storage for old, _new in pairs})
        superseded_at = timezone.localtime(news[0].issued_at + SUPERSEDED_AFTER)
        lines = [
            _what_was_done(dossier, count, decider=decider_of(dossier).name),
            "",
            *(
                f"- {new.common_name}: số hiệu cũ {old.serial}, số hiệu mới {new.serial}, "
                f"hiệu lực đến {_day(new)}."
                for old, new in pairs
            ),
            "",
            "Cách cài đặt:",
            *(f"{number}. {step}" for number, step in enumerate(steps, start=1)),
            "",
            f"Nếu không xác nhận, chứng thư cũ hết giá trị lúc {superseded_at:%H:%M %d/%m/%Y}.",
        ]
        attached = [Attached(f"{one.serial}.cer", CER, bytes(one.der)) for one in news]
        if len(attached) > MOST_FILES:
            target = BytesIO()
            with ZipFile(target, "w", ZIP_DEFLATED) as archive:
                for one in attached:
                    archive.writestr(one.name, one.content)
            attached = [Attached("chung-thu-moi.zip", "application/zip", target.getvalue())]
        return cls(
            subject=f"{count} chứng thư mới theo Công văn {letter_words(dossier)}",
            text="\n".join(lines),
            attached=attached,
        )


def new_certificates_notice_of(
    dossier: Dossier, items: Sequence[DossierItem], *, now: datetime
) -> Letter:
    """Return the notice to the sender about the rows done, of the day of ``now``, unnumbered."""
    version = decider_of(dossier).versions.order_by("-valid_from")[0]
    storages = {item.result.key.storage for item in items if item.result}
    return Letter(
        superior=superior_of(version),
        agency=version.name,
        place=version.place,
        day=timezone.localdate(now),
        kind_of_document="THÔNG BÁO",
        subject="Gia hạn, thay đổi nội dung thông tin chứng thư chữ ký số chuyên dùng công vụ",
        addressees=[dossier.agency_version.name],
        opening=[_what_was_done(dossier, len(items), decider=version.name), str(_KEEPS_ITS_DEVICE)],
        list_title="Danh sách chứng thư chữ ký số mới",
        columns=_COLUMNS,
        rows=[_row(item) for item in items],
        notes=installation_steps(storages),
        recipients=["Như trên;", "Lưu: VT."],
        signer_lines=signer_lines_of(version),
        layout_note=OWN_DESIGN,
    )


def _what_was_done(dossier: Dossier, count: int, *, decider: str) -> str:
    return (
        f"Căn cứ {parts.DECREE_BASIS} quy định về chữ ký số chuyên dùng công vụ; theo đề nghị của "
        f"{dossier.agency_version.name} tại Công văn {letter_words(dossier)}, {decider} thông báo "
        f"đã cấp {count} chứng thư mới (gia hạn, thay đổi thông tin) theo danh sách dưới đây."
    )


def _row(item: DossierItem) -> list[str]:
    old, new = item.certificate, item.result
    assert old is not None
    assert new is not None
    return [
        str(item.position),
        new.common_name,
        old.serial,
        new.serial,
        _day(new),
        item.device.serial if item.device else "",
    ]


def _day(certificate: Certificate) -> str:
    return f"{timezone.localdate(certificate.not_after):%d/%m/%Y}"
