"""Another CA by files: packages leave, openssl plays the CA, its answers come back and count."""

from __future__ import annotations

import io
import shutil
import subprocess
import zipfile
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from openpyxl import load_workbook

from devices.lifecycle import Custody
from devices.models import Device
from portal.accounts.models import User
from portal.audit.models import AuditEntry
from portal.ca.authority import services as authority
from portal.ca.models import Certificate, Keeper, OutsideOrder, Trust
from portal.ca.pki.names import readable
from portal.core.rules import Refused
from portal.core.steps import IllegalStep
from requests_app.catalogue.mau_04_renew_change.prefill import row_of
from requests_app.execution import services as execution
from requests_app.models import DeliveredPaper, Dossier, Outcome, Procedure
from requests_app.outside_ca import services
from requests_app.outside_ca.services import Recorded
from requests_app.workflow import Action, Route, State
from tests import builders, story
from tests.builders import NOW
from tests.estate import made
from tests.requests_app import recovery, revocations

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.usefixtures("ca", "anchored"),
    pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is missing"),
]
SOON = NOW + timedelta(minutes=5)
LATER = NOW + timedelta(days=1)


@pytest.fixture
def anchored(settings: Any, tmp_path: Path) -> None:
    anchors = tmp_path / "anchors"
    anchors.mkdir()
    (anchors / "khac.cer").write_bytes(made.der(made.ca_certificate()))
    settings.TRUST_ANCHORS = str(anchors)


class OtherCa:
    """A CA of openssl alone: it reads what is asked and signs what it likes."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.serial = folder, 0x5A10
        (folder / "ca.key").write_bytes(
            made.ca_key().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        )
        (folder / "ca.pem").write_bytes(made.ca_certificate().public_bytes(Encoding.PEM))

    def issue(self, name: str, *, key_of: bytes = b"", email: str = "", **more: str) -> bytes:
        """A certificate (DER) for ``name``, on the key of a certificate or on one of its own."""
        self.serial += 1
        subject = f"/C=VN/O={more.get('body', builders.COMMUNE)}/CN={name}"
        subject += f"/emailAddress={email}" if email else ""
        self._run("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out new.key")
        self._run("req -new -key new.key -utf8 -out new.csr -subj", subject)
        self._run("pkey -in new.key -pubout -out key.pub")
        if key_of:
            (self.folder / "old.der").write_bytes(key_of)
            public = self._run("x509 -inform DER -in old.der -noout -pubkey")
            (self.folder / "key.pub").write_bytes(public)
        return self._run(
            "x509 -req -in new.csr -force_pubkey key.pub -CA ca.pem -CAkey ca.key -outform DER",
            *("-set_serial", str(self.serial), "-days", more.get("days", "700")),
        )

    def as_p7b(self, der: bytes) -> bytes:
        """A certificate with its CA's, as PKCS#7 (DER)."""
        (self.folder / "its.der").write_bytes(der)
        self._run("x509 -inform DER -in its.der -out its.pem")
        return self._run("crl2pkcs7 -nocrl -certfile its.pem -certfile ca.pem -outform DER")

    def _run(self, words: str, *more: str) -> bytes:
        command = ["openssl", *words.split(), *more]
        return subprocess.run(command, cwd=self.folder, check=True, capture_output=True).stdout


@pytest.fixture
def other(tmp_path: Path) -> OtherCa:
    return OtherCa(tmp_path)


def bundle(*files: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as made_:
        for number, content in enumerate(reversed(files)):
            made_.writestr(f"tra-ve/{number}.cer", content)
    return stream.getvalue()


def forwarded(people: story.Cast, dossier: Dossier) -> Dossier:
    """Sent, forwarded by the office, and taken up by the worker: the CA is asked."""
    story.step(story.send_in_ink(dossier, people), Action.FORWARD, people.officer)
    execution.execute_accepted(now=SOON)
    dossier.refresh_from_db()
    return dossier


def work(dossier: Dossier) -> Dossier:
    execution.execute_accepted(now=LATER)
    dossier.refresh_from_db()
    return dossier


def as_(client: Client, user: User) -> Client:
    client.force_login(user)
    return client


def upload(client: Client, people: story.Cast, content: bytes, name: str = "ca.zip") -> Any:
    file = SimpleUploadedFile(name, content)
    return as_(client, people.officer).post(reverse("requests_app:outside_ca"), {"file": file})


def answer(dossier: Dossier, people: story.Cast, name: str, **said: Any) -> None:
    order = services.orders_in(Dossier.objects.filter(pk=dossier.pk)).get(name=name)
    services.record(dossier, {order.uuid: Recorded(**said)}, actor=people.officer, now=LATER)


@pytest.mark.both
@pytest.mark.paper
def test_a_letter_leaves_and_its_certificates_come_back(
    client: Client, other: OtherCa, settings: Any
) -> None:
    settings.AUTHORITY = "files"
    people = story.cast(Route.OUTSIDE)
    dossier = forwarded(people, story.drafted(people, rows=3))
    assert dossier.state == State.EXECUTING
    assert {item.outcome for item in dossier.items.all()} == {Outcome.PENDING}
    assert execution.execute_accepted(now=SOON) == 0  # it lies still until an answer comes
    for reader in (people.clerk, people.head, people.officer, people.office_head):
        page = as_(client, reader).get(reverse("requests_app:detail", args=[dossier.uuid]))
        assert page.text.count(str(Outcome.PENDING.label)) >= 3
    page = as_(client, people.officer).get(reverse("requests_app:ca_answers", args=[dossier.uuid]))
    assert page.context["waits"] == 3

    # The package: the letter's rows as the CA's sheet, and the letter.
    response = client.get(reverse("requests_app:ca_package", args=[dossier.uuid]))
    package = zipfile.ZipFile(io.BytesIO(response.content))
    assert {"de-nghi.xlsx", "van-ban.pdf"} <= set(package.namelist())
    sheet = load_workbook(io.BytesIO(package.read("de-nghi.xlsx")))["Danh sach"]
    names = [item.title for item in dossier.items.all()]
    listed = {str(cell.value) for row in sheet.iter_rows(min_row=2) for cell in row}
    assert set(names) <= listed

    # The CA answers in part, with a stranger's and its own among them, in any order.
    ders = [other.issue(name) for name in names[:2]]
    stranger = other.issue("NGƯỜI LẠ")
    files = bundle(*ders, stranger, made.der(made.ca_certificate()))
    response = upload(client, people, files)
    assert {order.name for order, _item in response.context["matched"]} == set(names[:2])
    assert len(response.context["others"]) == 2
    again = upload(client, people, files)
    assert not again.context["matched"]

    # The rest is refused in the CA's words; a device came with the first.
    orders = {order.name: order for order in OutsideOrder.objects.all()}
    data = {
        f"{orders[names[0]].uuid}-answer": "issued",
        f"{orders[names[0]].uuid}-device_serial": "TK 900 001",
        f"{orders[names[1]].uuid}-answer": "issued",
        f"{orders[names[2]].uuid}-answer": "refused",
        f"{orders[names[2]].uuid}-words": "Số định danh không khớp.",
    }
    response = client.post(reverse("requests_app:ca_answers", args=[dossier.uuid]), data)
    assert response.status_code == 302, response.context["violations"]
    assert work(dossier).state == State.EXECUTING  # nobody has confirmed

    # Who confirms confirms what was seen: nothing recorded since.
    confirm = reverse("requests_app:confirm_ca_answers", args=[dossier.uuid])
    page = as_(client, people.office_head).get(
        reverse("requests_app:ca_answers", args=[dossier.uuid])
    )
    response = client.post(confirm, {"seen": "0" * 64})
    assert response.context["violations"][0].code == "answers_changed"
    response = client.post(confirm, {"seen": page.context["seen"]})
    assert response.status_code == 302
    assert work(dossier).state == State.PARTLY_COMPLETED
    first, second, third = dossier.items.order_by("position")
    assert first.result is not None
    assert second.result is not None
    assert bytes(first.result.der) == ders[0]
    assert (first.result.keeper, first.result.trust) == (Keeper.OUTSIDE, Trust.VERIFIED)
    assert int(first.result.serial, 16) == other.serial - 2
    assert first.result.subscriber == first.subscriber
    assert (third.outcome, third.decision_reason) == (Outcome.REFUSED, "Số định danh không khớp.")
    device = Device.objects.get(serial="TK900001")
    assert (device.custody, device.subscriber) == (Custody.AT_AGENCY, first.subscriber)
    assert device.key == first.result.key
    kinds = set(
        AuditEntry.objects.filter(action__startswith="outside").values_list("action", flat=True)
    )
    assert kinds == {"outside.package", "outside.record", "outside.confirm"}


def test_answers_come_in_parts_and_each_part_goes_on(
    client: Client, other: OtherCa, settings: Any
) -> None:
    settings.AUTHORITY = "files"
    people = story.cast(Route.OUTSIDE)
    dossier = forwarded(people, story.drafted(people, rows=3))
    names = [item.title for item in dossier.items.order_by("position")]

    response = upload(client, people, other.as_p7b(other.issue(names[1])), "ca.p7b")
    assert [order.name for order, _item in response.context["matched"]] == [names[1]]
    listed = client.get(reverse("requests_app:outside_ca"))
    assert readable(made.ca_certificate().subject) in listed.content.decode()
    assert services.confirm(dossier, actor=people.office_head, now=LATER) == 1

    assert work(dossier).state == State.EXECUTING  # two rows wait still
    outcomes = dict(dossier.items.values_list("title", "outcome"))
    assert outcomes == {
        names[0]: Outcome.PENDING,
        names[1]: Outcome.DONE,
        names[2]: Outcome.PENDING,
    }
    content = services.package(dossier, actor=people.officer, now=LATER)
    inside = zipfile.ZipFile(io.BytesIO(content))
    sheet = load_workbook(io.BytesIO(inside.read("de-nghi.xlsx")))["Danh sach"]
    asked = {str(cell.value) for row in sheet.iter_rows(min_row=2) for cell in row}
    assert asked & set(names) == {names[0], names[2]}

    rest = bundle(other.issue(names[0]), other.issue(names[2]))
    assert len(upload(client, people, rest).context["matched"]) == 2
    assert services.confirm(dossier, actor=people.office_head, now=LATER) == 2
    assert work(dossier).state == State.COMPLETED


def foreign(people: story.Cast, other: OtherCa, name: str, **about: Any) -> Certificate:
    """A certificate of the other CA in the register, with its holder's device."""
    certificate = story.give_certificate(builders.person(name, at=people.agency), **about)
    certificate.der = other.issue(name, key_of=bytes(certificate.der), email=certificate.email)
    certificate.keeper, certificate.trust = Keeper.OUTSIDE, Trust.VERIFIED
    certificate.save()
    return certificate


@pytest.mark.both
def test_another_cas_certificate_is_renewed_by_that_ca(client: Client, other: OtherCa) -> None:
    people = story.cast(Route.OUTSIDE, procedure=Procedure.RENEW_CHANGE)
    old = foreign(people, other, "Lò Văn Ánh", days_left=90)
    rows = [row_of(old, renews=True, changes=False)]
    dossier = forwarded(people, story.draft_of(people, "mau_04_renew_change", rows))
    (item,) = dossier.items.all()
    assert item.outcome == Outcome.PENDING
    package = services.package(dossier, actor=people.officer, now=LATER)
    inside = zipfile.ZipFile(io.BytesIO(package))
    (asked,) = [name for name in inside.namelist() if name.endswith(".cer")]
    new = other.issue(old.common_name, key_of=inside.read(asked), email=old.email)
    taken = services.take_in(new, "moi.cer", actor=people.officer, now=LATER)
    assert len(taken.matched) == 1
    services.confirm(dossier, actor=people.office_head, now=LATER)
    assert work(dossier).state == State.COMPLETED
    item.refresh_from_db()
    assert item.result is not None
    assert item.result.predecessor == old
    assert (item.result.key, item.result.renewals) == (old.key, 1)
    assert item.result.keeper == Keeper.OUTSIDE
    assert x509.load_der_x509_certificate(bytes(item.result.der)).serial_number == other.serial


@pytest.mark.both
def test_it_is_revoked_when_that_ca_says_so(other: OtherCa) -> None:
    people = story.cast(Route.OUTSIDE, procedure=Procedure.REVOKE)
    one, kept = foreign(people, other, "Lò Văn Một"), foreign(people, other, "Lò Văn Hai")
    own = revocations.held(people, "Lò Văn Ba")
    rows = [revocations.row(each) for each in (one, kept, own)]
    dossier = forwarded(people, story.draft_of(people, "mau_05_revoke", rows))
    outcomes = list(dossier.items.order_by("position").values_list("outcome", flat=True))
    assert outcomes == [Outcome.PENDING, Outcome.PENDING, Outcome.DONE]
    assert Certificate.objects.get(pk=own.pk).revoked_at is not None
    assert Certificate.objects.get(pk=one.pk).revoked_at is None
    answer(dossier, people, one.common_name, answer="done", day=LATER.date())
    answer(dossier, people, kept.common_name, answer="refused", words="Đang có tranh chấp.")
    services.confirm(dossier, actor=people.office_head, now=LATER)
    assert work(dossier).state == State.PARTLY_COMPLETED
    assert Certificate.objects.get(pk=one.pk).revoked_at is not None
    assert Certificate.objects.get(pk=kept.pk).revoked_at is None


@pytest.mark.both
def test_a_device_is_unlocked_when_that_ca_says_so() -> None:
    people = recovery.cast(Route.OUTSIDE)
    device = recovery.real_hardware(people)
    dossier = forwarded(people, recovery.draft(people, recovery.row(device)))
    (item,) = dossier.items.all()
    assert item.outcome == Outcome.PENDING
    answer(dossier, people, item.title, answer="done", day=LATER.date())
    services.confirm(dossier, actor=people.office_head, now=LATER)
    assert work(dossier).state == State.COMPLETED


def test_all_refused_ends_as_rejected_with_a_notice(settings: Any) -> None:
    settings.AUTHORITY = "files"
    people = story.cast(Route.OUTSIDE)
    dossier = forwarded(people, story.drafted(people))
    (item,) = dossier.items.all()
    answer(dossier, people, item.title, answer="refused", words="Thiếu xác nhận.")
    services.confirm(dossier, actor=people.office_head, now=LATER)
    assert work(dossier).state == State.REJECTED
    assert dossier.events.get(action=Action.REFUSE_ALL).document is not None


def test_a_desk_of_the_ca_exchanges_the_files_itself(other: OtherCa, settings: Any) -> None:
    """The CA's people decide here; what signs for them is elsewhere."""
    settings.AUTHORITY = "files"
    people = story.cast()
    dossier = story.confirmed(people)
    execution.execute_accepted(now=SOON)
    (item,) = dossier.items.all()
    assert not services.waiting_dossiers(people.officer).exists()
    taken = services.take_in(other.issue(item.title), "a.cer", actor=people.operator, now=LATER)
    assert len(taken.matched) == 1
    services.confirm(dossier, actor=people.supervisor, now=LATER)
    assert work(dossier).state == State.COMPLETED


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"answer": "refused"}, "no_words"),
        ({"answer": "issued"}, "no_file"),
        ({"answer": "done", "day": LATER.date()}, "no_file"),
        ({"answer": "", "device_serial": "known"}, "device_known"),
    ],
)
def test_an_answer_that_cannot_be(said: Mapping[str, Any], code: str, settings: Any) -> None:
    settings.AUTHORITY = "files"
    people = story.cast(Route.OUTSIDE)
    dossier = forwarded(people, story.drafted(people))
    (item,) = dossier.items.all()
    device = builders.device()
    if "device_serial" in said:
        said = {**said, "device_serial": device.serial}
    with pytest.raises(Refused) as refused:
        answer(dossier, people, item.title, **said)
    assert [one.code for one in refused.value.violations] == [code]


def test_what_fits_nothing_is_told_by_name(other: OtherCa, settings: Any, tmp_path: Path) -> None:
    settings.AUTHORITY = "files"
    people = story.cast(Route.OUTSIDE)
    dossier = forwarded(people, story.drafted(people, rows=2))
    name = dossier.items.order_by("position")[0].title
    twice = services.take_in(
        bundle(other.issue(name), other.issue(name)), "b.zip", actor=people.officer, now=LATER
    )
    assert [code for _f, _n, code in twice.others] == ["two_for_one", "two_for_one"]
    Path(settings.TRUST_ANCHORS, "khac.cer").unlink()
    strange = services.take_in(other.issue(name), "c.cer", actor=people.officer, now=LATER)
    assert [code for _f, _n, code in strange.others] == ["not_trusted"]
    damaged = services.take_in(b"PK\x03\x04half", "d.zip", actor=people.officer, now=LATER)
    assert [code for _f, _n, code in damaged.others] == ["damaged_archive"]


def test_what_differs_is_shown_to_who_confirms(other: OtherCa, settings: Any) -> None:
    settings.AUTHORITY = "files"
    people = story.cast(Route.OUTSIDE)
    dossier = forwarded(people, story.drafted(people))
    (item,) = dossier.items.all()
    der = other.issue(item.title, email="khac@laichau.gov.vn", days="3000")
    (order,) = services.take_in(der, "a.cer", actor=people.officer, now=LATER).matched
    assert "khac@laichau.gov.vn" in order.remark


def test_where_nothing_is_asked_of_another_ca_no_dossier_is_gone_through() -> None:
    people = story.cast(Route.OUTSIDE)
    forwarded(people, story.drafted(people))

    for asked in (services.to_record, services.to_confirm):
        with CaptureQueriesContext(connection) as said:
            assert asked(people.officer).count() == 0
        (statement,) = said.captured_queries
        assert 'FROM "requests_app_dossier"' not in statement["sql"]


def test_nobody_confirms_what_is_theirs_or_not_recorded(settings: Any) -> None:
    settings.AUTHORITY = "files"
    people = story.cast(Route.OUTSIDE)
    dossier = forwarded(people, story.drafted(people))
    (item,) = dossier.items.all()
    with pytest.raises(Refused) as refused:
        services.confirm(dossier, actor=people.office_head, now=LATER)
    assert refused.value.violations[0].code == "nothing_to_confirm"
    with pytest.raises(PermissionDenied):
        services.confirm(dossier, actor=people.officer, now=LATER)
    answer(dossier, people, item.title, answer="refused", words="Không.")
    twin = people.office_head
    OutsideOrder.objects.update(recorded_by=twin)
    with pytest.raises(Refused) as refused:
        services.confirm(dossier, actor=twin, now=LATER)
    assert refused.value.violations[0].code == "nothing_to_confirm"
    stranger = story.cast_beside(people)
    with pytest.raises(Dossier.DoesNotExist):
        services.confirm(dossier, actor=stranger.office_head, now=LATER)


def test_who_issues_goes_by_day(settings: Any) -> None:
    settings.AUTHORITY = "simulated"
    settings.AUTHORITY_FROM = [((NOW + timedelta(days=30)).date(), "files")]
    assert not authority.current(NOW).makes_keys
    assert authority.current(NOW + timedelta(days=31)).makes_keys
    assert authority.asked_elsewhere(["a"], now=NOW) == set()
    # What was asked of it before goes on there.
    OutsideOrder.objects.create(request_key="a", row_key="a", what="issue", name="A", asked_at=NOW)
    assert authority.asked_elsewhere(["a", "b"], now=NOW) == {"a"}


def test_nobody_else_decides_on_the_way_outside() -> None:
    people = story.cast(Route.OUTSIDE)
    dossier = story.sent(people)
    with pytest.raises(IllegalStep), transaction.atomic():
        story.step(dossier, Action.DECIDE, people.officer)
    assert not DeliveredPaper.objects.exists()
