"""A drafted dossier brought to its end through the pages by everybody who has a part in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from portal.accounts.models import User
from requests_app.models import Dossier
from requests_app.workflow import State
from tests import story
from tests.flows.visitor import Visitor

CARD = {"issued_on": "25/08/2024", "issue_place": "CCSQLHCVTTXH"}
_WANTED: Mapping[str, Mapping[str, str]] = {
    "mau_01_person": CARD | {"position": "Công chức", "phone": "0912345678"},
    "mau_05_revoke": CARD,
    "mau_09_loss": {
        "lost_on": "10/11/2026",
        "place": "Trụ sở",
        "circumstances": "Không thấy khi kiểm kê",
        "measures": "Đã tìm ở trụ sở",
    },
}


@dataclass(frozen=True, slots=True)
class Hands:
    """Those through whose hands a dossier goes."""

    clerk: User
    head: User
    officer: User
    operator: User
    supervisor: User


def complete(dossier: Dossier, hands: Hands, number: str) -> Visitor:
    """Fill in what only people know: number and date, section 1, what rows still want."""
    clerk = Visitor(hands.clerk)
    _fill_rows(clerk, dossier)
    clerk.open(f"/ho-so/{dossier.uuid}/soan/van-ban/")
    clerk.press("Lưu", letter_number=number, letter_date=_today(), **_contact())
    dossier.refresh_from_db()
    assert dossier.letter_number == number, clerk.words()
    return clerk


def _fill_rows(clerk: Visitor, dossier: Dossier) -> None:
    typed: dict[str, Any] = {
        f"{item.uuid}:{name}": value
        for item in dossier.items.all()
        for name, value in _WANTED.get(dossier.kind, {}).items()
        if dossier.kind != "mau_05_revoke" or item.answers.get("identity_number")
    }
    if typed:
        clerk.open(f"/ho-so/{dossier.uuid}/soan/").press("Lưu", **typed)


def attach_requests(clerk: Visitor, dossier: Dossier) -> None:
    """The subscriber's own request, where a row asks for one (Điều 17 khoản 1)."""
    for item in dossier.items.all():
        if item.answers.get("cause") != "device_lost":
            continue
        paper = SimpleUploadedFile("don.pdf", story.blank_pdf(), content_type="application/pdf")
        clerk.open(f"/ho-so/{dossier.uuid}/")
        clerk.press("Đính kèm", files={"file": paper}, kind="own_request", row=str(item.position))


def _today() -> str:
    return f"{timezone.localdate():%d/%m/%Y}"


def _contact() -> dict[str, Any]:
    contact: dict[str, Any] = {f"contact_{name}": text for name, text in story.CONTACT.items()}
    return contact | {
        "contact_made_at": "09 giờ 30 phút",
        "contact_made_on": _today(),
        "contact_made_in": "Trụ sở UBND xã",
        "contact_maker": "Lò Thị Nhận",
        "contact_maker_position": "Văn thư",
        "contact_participants": "Ông Lò Văn Chủ, Chủ tịch",
        "contact_receiver_name": "",
        "contact_receiver_position": "",
    }


def submit(clerk: Visitor, dossier: Dossier) -> None:
    """Hand a complete letter to the head."""
    clerk.open(f"/ho-so/{dossier.uuid}/kiem-tra/")
    if "Câu hỏi về danh sách" in clerk.html:
        story.answer_all(dossier, clerk.user, now=timezone.now())
        clerk.open(f"/ho-so/{dossier.uuid}/kiem-tra/")
    clerk.press("Trình lãnh đạo ký")
    _must_be(dossier, State.AWAITING_SIGNATURE, clerk)


def sign_together(dossiers: Sequence[Dossier], hands: Hands) -> None:
    """The head signs all letters on one page with one PIN."""
    head = Visitor(hands.head).open("/")
    if len(dossiers) > 1:
        head.follow("Ký nhiều văn bản")
    else:
        head.open("/ho-so/ky-nhieu/")
    chosen = [f"{dossier.uuid}:{dossier.version}" for dossier in dossiers]
    head.press("Ký các văn bản đã chọn", chosen=chosen, looked="on", pin=story.PIN)
    for dossier in dossiers:
        _must_be(dossier, State.AWAITING_SEAL, head)


def seal(dossier: Dossier, hands: Hands) -> None:
    """The clerk seals in the mode that was computed, which sends it."""
    clerk = Visitor(hands.clerk).open(f"/ho-so/{dossier.uuid}/ky/").press("gửi", pin=story.PIN)
    _must_be(dossier, State.SUBMITTED, clerk)


def answer(dossier: Dossier, hands: Hands) -> None:
    """Whoever receives a letter of this form does what is theirs to do."""
    acts = {"mau_08_return": receive, "mau_09_loss": acknowledge}
    acts.get(dossier.kind, decide)(dossier, hands)


def decide(dossier: Dossier, hands: Hands) -> None:
    """The office passes it on, two people of the CA decide."""
    officer = Visitor(hands.officer).open(f"/ho-so/{dossier.uuid}/xem-xet/")
    officer.press("Chuyển Cục")
    operator = Visitor(hands.operator).open(f"/ho-so/{dossier.uuid}/xem-xet/")
    operator.press("Chấp nhận mọi dòng")
    operator.press("Trình phê duyệt")
    supervisor = Visitor(hands.supervisor).open(f"/ho-so/{dossier.uuid}/phe-duyet/")
    supervisor.press("Phê duyệt")
    _must_be(dossier, State.ACCEPTED, supervisor)


def receive(dossier: Dossier, hands: Hands) -> None:
    """The CA looks at each device of minutes and takes them in."""
    operator = Visitor(hands.operator).open(f"/ho-so/{dossier.uuid}/")
    operator.follow("Nhận và xác nhận từng thiết bị")
    said: dict[str, Any] = {}
    for item in dossier.items.select_related("device"):
        assert item.device is not None
        said[f"{item.uuid}-decision"] = "accepted"
        said[f"{item.uuid}-serial_seen"] = item.device.serial
    operator.press("Lưu kết quả", **said)
    operator.press("Xác nhận đã nhận đủ")
    _must_be(dossier, State.COMPLETED, operator)


def acknowledge(dossier: Dossier, hands: Hands) -> None:
    """The CA notes that a notice has come."""
    operator = Visitor(hands.operator).open(f"/ho-so/{dossier.uuid}/")
    operator.press("Xác nhận đã nhận")
    _must_be(dossier, State.COMPLETED, operator)


def _must_be(dossier: Dossier, state: str, visitor: Visitor) -> None:
    dossier.refresh_from_db()
    assert dossier.state == state, visitor.words()
