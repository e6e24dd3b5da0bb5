"""What the register says of rows that stops nothing, for who decides to look at twice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from portal.accounts.models import User
from portal.core.roles import Scope
from requests_app import kinds
from requests_app.kinds import reissue_warning as reissue
from requests_app.kinds import row_rules
from requests_app.kinds.base import EffectKind
from requests_app.kinds.duplicates import standing_rows
from requests_app.kinds.named_bodies import bodies_of
from requests_app.models import Dossier, DossierItem


@dataclass(frozen=True, slots=True)
class SecondLook:
    """A row, what is odd about it and what that rests on."""

    name: str
    message: str
    article: str = ""


def second_looks(dossier: Dossier, *, reader: User, now: datetime) -> list[SecondLook]:
    """Return what is worth a second look; other bodies are named to the CA alone."""
    items = list(row_rules.rows_of(dossier))
    titles = {item.position: item.title for item in items}
    is_ca = reader.scope is Scope.CA
    looks = [
        SecondLook(
            f"Dòng {one.row}: {titles[one.row or 0]}", f"{one.message} {one.way_out}", one.article
        )
        for one in reissue.warnings(dossier, items, now=now)
    ]
    looks += _taken_over(dossier, items, names_bodies=is_ca)
    return looks + (list(_asked_elsewhere(dossier, items)) if is_ca else [])


def _taken_over(
    dossier: Dossier, items: Sequence[DossierItem], *, names_bodies: bool
) -> list[SecondLook]:
    """R41: with these rows a person and a device go from another body to the sender."""
    if kinds.get(dossier.kind).effect is not EffectKind.RENEW_CHANGE:
        return []
    own = bodies_of(dossier.agency)
    return [
        SecondLook(
            f"Dòng {item.position}: {item.title}",
            f"Chứng thư do {_whose(item, names_bodies)} quản lý. Xem có văn bản điều động, tiếp "
            "nhận; khi thực hiện, người này và thiết bị chuyển sang đơn vị gửi.",
            "Quy định quản lý chữ ký số, Điều 11 khoản 6",
        )
        for item in items
        if item.certificate is not None and item.certificate.agency_id not in own
    ]


def _whose(item: DossierItem, names_bodies: bool) -> str:
    assert item.certificate is not None
    return item.certificate.agency.name if names_bodies else "cơ quan khác"


def _asked_elsewhere(dossier: Dossier, items: Sequence[DossierItem]) -> Iterator[SecondLook]:
    """Say which other body's open dossier speaks of the same certificate or device."""
    certificates = {item.certificate_id: item for item in items if item.certificate_id}
    devices = {item.device_id: item for item in items if item.device_id}
    if not certificates and not devices:
        return
    others = standing_rows(set(EffectKind)).exclude(dossier__agency=dossier.agency)
    found = others.filter(Q(certificate__in=certificates) | Q(device__in=devices))
    for other in found.select_related("dossier__agency").order_by("pk"):
        item = certificates.get(other.certificate_id or 0) or devices[other.device_id or 0]
        number = kinds.get(other.dossier.kind).number
        yield SecondLook(
            f"Dòng {item.position}: {item.title}",
            f"Đang có ở hồ sơ Mẫu {number} số {other.dossier.letter_number or '(chưa có số)'} của "
            f"{other.dossier.agency.name}.",
        )
