"""What existed before comes in, is renewed and revoked by its own CA by files, and is compared."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from portal.ca.models import Certificate, Keeper, RenewalsSource, Trust
from portal.estate import tasks as estate_tasks
from portal.estate.models import DeliveredRow, Delivery, Verdict
from portal.notices.models import Notice
from requests_app import tasks
from requests_app.catalogue.mau_04_renew_change.prefill import row_of as renewal_row
from requests_app.catalogue.mau_05_revoke.prefill import row_of as revocation_row
from requests_app.models import Dossier, Procedure
from requests_app.workflow import Route, State
from tests import builders, story
from tests.estate import made
from tests.flows.visitor import Visitor

pytestmark = pytest.mark.usefixtures("ca")
HEAD = ("Họ và tên", "Số CCCD", "Đơn vị", "Email", "Số serial", "Hết hạn", "Trạng thái", "Số token")
NAMES = ("Lò Văn Một", "Lò Thị Hai", "Lò Văn Ba", "Lò Thị Tư")
CARD = {"issued_on": "25/08/2024", "issue_place": "CCSQLHCVTTXH"}


def listed(body: str, *rows: tuple[int, str, str]) -> SimpleUploadedFile:
    """A list of certificates by their number: end, state."""
    lines = [
        (
            NAMES[at], f"0120900000{at}1", body, f"nguoi{at}@laichau.gov.vn", f"{0xE0 + at:X}",
            ends, state, f"TK-{at}",
        )
        for at, ends, state in rows
    ]  # fmt: skip
    return SimpleUploadedFile("danh-sach.csv", made.csv(HEAD, *lines))


def handed_in(officer: Visitor, title: str, purpose: str, *files: SimpleUploadedFile) -> Delivery:
    officer.open("/hien-trang/")
    officer.press("Tải lên", files={"files": list(files)}, title=title, purpose=purpose)
    return worked(Delivery.objects.latest("pk"))


def worked(delivery: Delivery) -> Delivery:
    while estate_tasks.work():
        pass
    delivery.refresh_from_db()
    return delivery


@pytest.mark.both
def test_an_estate_comes_in_is_worked_on_and_compared(settings: Any, tmp_path: Path) -> None:
    (tmp_path / "khac.cer").write_bytes(made.der(made.ca_certificate()))
    settings.TRUST_ANCHORS, settings.AUTHORITY = str(tmp_path), "files"
    now = timezone.now()
    people = story.cast(Route.OUTSIDE, procedure=Procedure.RENEW_CHANGE)
    builders.routing(Procedure.REVOKE, Route.OUTSIDE)
    story.able_to_sign(people, now=now)
    officer, body = Visitor(people.officer), people.agency.name
    ends = now + timedelta(days=90)
    day = f"{timezone.localdate(ends):%d/%m/%Y}"
    keys = [ec.generate_private_key(ec.SECP256R1()) for _name in NAMES]
    founds = [
        made.certificate(name, body=body, serial=0xE0 + at, ends=ends, key=keys[at])
        for at, name in enumerate(NAMES)
    ]
    archive = made.zipped({f"{at}.cer": made.der(one) for at, one in enumerate(founds)})

    # In: tried, one doubt decided, brought in.
    came = handed_in(
        officer,
        "Hiện trạng",
        "bring_in",
        listed(body, *[(at, day, "Hoạt động") for at in range(4)]),
        SimpleUploadedFile("chung-thu.zip", archive),
    )
    officer.open(f"/hien-trang/{came.uuid}/")
    [renewals] = came.doubts.all()
    decided: dict[str, Any] = {f"choice_{renewals.uuid}": "take"}
    officer.press("Ghi quyết định", **decided)
    worked(came)
    officer.open(f"/hien-trang/{came.uuid}/").press("Đưa vào 4 dòng")
    worked(came)
    foreign = {one.common_name: one for one in Certificate.objects.filter(keeper=Keeper.OUTSIDE)}
    assert set(foreign) == set(NAMES)
    assert {one.trust for one in foreign.values()} == {Trust.VERIFIED}
    assert {one.renewals_source for one in foreign.values()} == {RenewalsSource.PERSON}

    # A renewal and a revocation go to the CA that issued them, and come back.
    first, second = foreign[NAMES[0]], foreign[NAMES[1]]
    renewal = filed(people, "mau_04_renew_change", [renewal_row(first, renews=True, changes=False)])
    new = made.certificate(
        first.common_name, body=body, serial=0xF1, ends=now + timedelta(days=700), key=keys[0]
    )
    officer.open("/ho-so/ca-khac/").press(
        "Tải lên", files={"file": SimpleUploadedFile("moi.cer", made.der(new))}
    )
    assert confirmed(people, renewal) == State.COMPLETED
    assert Certificate.objects.get(predecessor=first).serial.endswith("F1")
    gone = filed(people, "mau_05_revoke", [revocation_row(second, cause="left") | CARD])
    answers = officer.open(f"/ho-so/{gone.uuid}/ca-khac/")
    [row] = [name.removesuffix("-day") for name in answers.fields("-day")]
    today = f"{timezone.localdate():%d/%m/%Y}"
    said: dict[str, Any] = {f"{row}-answer": "done", f"{row}-day": today}
    answers.press("Ghi trả lời", **said)
    assert confirmed(people, gone) == State.COMPLETED
    second.refresh_from_db()
    assert second.revoked_at is not None

    # Compared with a later list: each difference has its act.
    later = handed_in(
        officer,
        "Danh sách sau",
        "compare",
        listed(body, (1, day, "Hoạt động"), (2, day, "Thu hồi")),
    )
    told = dict(later.rows.filter(title__in=NAMES).values_list("title", "verdict"))
    assert told == {
        NAMES[0]: Verdict.ONLY_HERE, NAMES[1]: Verdict.DIFFERENT, NAMES[2]: Verdict.CHANGED,
        NAMES[3]: Verdict.ONLY_HERE,
    }  # fmt: skip
    assert mended(officer, later, NAMES[1], "Báo nơi lập danh sách").remedy == "report"
    assert mended(officer, later, NAMES[0], "Hỏi đơn vị").remedy == "ask"
    assert mended(officer, later, NAMES[3], "Đề nghị đơn vị thu hồi").remedy == "revoke"
    mended(officer, later, NAMES[2], "Ghi theo danh sách")
    worked(later)
    assert Certificate.objects.get(pk=foreign[NAMES[2]].pk).revoked_at is not None
    clerk = Visitor(people.clerk)
    assert answered(clerk, NAMES[0], "vẫn dùng").answer == "keep"
    assert answered(clerk, NAMES[3], "Lập hồ sơ thu hồi").answer == "revoke"
    [item] = Dossier.objects.latest("pk").items.all()
    assert item.certificate == foreign[NAMES[3]] or item.answers["certificate_serial"].endswith(
        "E3"
    )
    assert Notice.objects.filter(recipient=people.officer, target_uuid=later.uuid).count() == 2
    officer.open(f"/hien-trang/{later.uuid}/?verdict=only_here")
    assert "Vẫn dùng" in officer.html


def filed(people: story.Cast, kind: str, rows: list[dict[str, str]]) -> Dossier:
    """A letter signed, sealed and forwarded; the worker has asked the other CA."""
    dossier = story.draft_of(people, kind, rows, now=timezone.now())
    clerk = Visitor(people.clerk).open(f"/ho-so/{dossier.uuid}/kiem-tra/")
    clerk.press("Trình lãnh đạo ký")
    dossier.refresh_from_db()
    assert dossier.state == State.AWAITING_SIGNATURE, clerk.words()
    Visitor(people.head).open(f"/ho-so/{dossier.uuid}/ky/").press("Ký", pin=story.PIN)
    clerk.open(f"/ho-so/{dossier.uuid}/ky/").press("gửi", pin=story.PIN)
    Visitor(people.officer).open(f"/ho-so/{dossier.uuid}/xem-xet/").press("Chuyển")
    tasks.execute_accepted()
    dossier.refresh_from_db()
    assert dossier.state == State.EXECUTING, clerk.words()
    return dossier


def confirmed(people: story.Cast, dossier: Dossier) -> str:
    """The office's head confirms what the CA answered; return where the dossier stands then."""
    Visitor(people.office_head).open(f"/ho-so/{dossier.uuid}/ca-khac/").press("Xác nhận")
    tasks.execute_accepted()
    dossier.refresh_from_db()
    return dossier.state


def mended(officer: Visitor, delivery: Delivery, name: str, button: str) -> DeliveredRow:
    row = delivery.rows.get(title=name)
    officer.open(f"/hien-trang/{delivery.uuid}/?verdict={row.verdict}")
    officer.press(button, row=str(row.uuid))
    row.refresh_from_db()
    return row


def answered(clerk: Visitor, name: str, button: str) -> DeliveredRow:
    clerk.open("/").follow("Trả lời")
    row = DeliveredRow.objects.get(remedy__in=("ask", "revoke"), title=name)
    clerk.press(button, row=str(row.uuid), words="Đã hỏi người dùng")
    row.refresh_from_db()
    return row
