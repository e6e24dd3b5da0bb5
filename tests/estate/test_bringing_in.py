"""What existed before comes in: read, tried, decided, carried out, taken out, compared."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from cryptography.hazmat.primitives.asymmetric import ec
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from devices.ledger import ledger_agrees
from devices.models import Device
from portal.agencies.models import Subscriber, Succession
from portal.ca.models import Certificate, RenewalsSource, Trust
from portal.core.roles import Role
from portal.estate import services
from portal.estate.models import Delivery, Doubt, Verdict
from portal.notices.models import Notice
from requests_app.catalogue.mau_04_renew_change.rules import of_certificate
from tests import builders, story
from tests.builders import NOW
from tests.estate import made
from tests.estate.made import carried, codes, hand_in, worked
from tests.story import Cast

pytestmark = pytest.mark.django_db
HEAD = ("Họ và tên", "Số CCCD", "Ngày sinh", "Đơn vị", "Email", "Số serial", "Hết hạn", "Số token")


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def people() -> Cast:
    return story.cast()


@pytest.fixture
def anchored(settings: Any, tmp_path: Path) -> None:
    (tmp_path / "khac.cer").write_bytes(made.der(made.ca_certificate()))
    settings.TRUST_ANCHORS = str(tmp_path)


def row(name: str, number: str = "", serial: str = "", *, body: str, **more: str) -> list[str]:
    """A row of a list under HEAD."""
    email = more.get("email", "a@laichau.gov.vn")
    birth, ends = more.get("birth", "05/03/1990"), more.get("ends", "01/01/2028")
    return [name, number, birth, body, email, serial, ends, more.get("token", "")]


def decide(people: Cast, delivery: Delivery, choice: str, **said: Any) -> Delivery:
    choices = {str(one.uuid): (choice, said.get("agency")) for one in delivery.doubts.all()}
    services.decide(delivery, choices, actor=people.officer, now=NOW)
    return worked(delivery)


@pytest.mark.both
@pytest.mark.usefixtures("anchored")
def test_lists_and_files_come_in_through_the_pages_and_everything_is_there(people: Cast) -> None:
    body = people.agency.name
    found = made.certificate("Lò Văn Một", body=body, serial=0xA1)
    listed = made.workbook(
        ["DANH SÁCH CHỨNG THƯ"],
        [],
        HEAD,
        row("Lò Văn Một", "012090000011", "A1", body=body, token="TK-1"),
        row("Lò Thị Hai", "012090000012", "00000000000000A2", body=body.title(), ends="20/12/2026"),
    )
    officer = made.browser(people.officer)
    answer = officer.post(
        reverse("estate:list"),
        {
            "title": "Danh sách 2026",
            "purpose": "bring_in",
            "files": [
                SimpleUploadedFile("ds.xlsx", listed),
                SimpleUploadedFile(
                    "ct.zip", made.zipped({"1.cer": made.der(found), "x.txt": b"?"})
                ),
            ],
        },
    )
    assert answer.status_code == 302
    delivery = worked(Delivery.objects.get())
    assert (delivery.state, delivery.counts[Verdict.NEW]) == (Delivery.State.TRIAL, 2)
    assert not Certificate.objects.exists()  # nothing is written before a person has seen it
    page = officer.get(answer["Location"])
    assert "Lò Văn Một" in page.text

    officer.post(reverse("estate:start", args=[delivery.uuid]))
    worked(delivery)

    first, second = Certificate.objects.order_by("serial")
    assert (first.trust, second.trust) == (Trust.VERIFIED, Trust.NO_FILE)
    assert bytes(first.der) == made.der(found)
    assert first.subscriber.identity_number == "012090000011"
    assert first.agency == people.agency
    device = Device.objects.get(serial="TK-1")
    assert (device.subscriber, device.key) == (first.subscriber, first.key)
    assert ledger_agrees(device)
    [notice] = Notice.objects.filter(recipient=people.clerk)
    assert notice.cause == f"delivery:{delivery.uuid}"
    assert (
        made.browser(people.clerk).get(reverse("ca:detail", args=[first.uuid])).status_code == 200
    )


def test_the_same_file_twice_changes_nothing_and_a_corrected_one_only_what_it_corrects(
    people: Cast,
) -> None:
    body = people.agency.name
    rows = [row(f"Lò Văn {one}", f"01209000002{one}", f"B{one}", body=body) for one in range(3)]
    carried(hand_in(people.officer, ("a.csv", made.csv(HEAD, *rows))), people.officer)
    before = list(Certificate.objects.order_by("pk").values())

    again = hand_in(people.officer, ("a.csv", made.csv(HEAD, *rows)))
    assert again.counts[Verdict.SAME] == 3
    assert not services.to_carry(again).exists()

    rows[1][6] = "01/02/2028"
    rows.append(row("Lò Văn Mới", "012090000029", "B9", body=body))
    corrected = hand_in(people.officer, ("a.csv", made.csv(HEAD, *rows)))
    assert (corrected.counts[Verdict.CHANGED], corrected.counts[Verdict.NEW]) == (1, 1)
    carried(corrected, people.officer)
    after = list(Certificate.objects.order_by("pk").values())
    assert [after[0], after[2]] == [before[0], before[2]]
    assert after[1]["not_after"] > before[1]["not_after"]
    assert len(after) == 4


def test_what_came_in_is_taken_out_again_unless_something_was_built_on_it(people: Cast) -> None:
    body = people.agency.name
    rows = [
        row("Lò Văn Một", "012090000031", "C1", body=body, token="TK-31"),
        row("Lò Văn Hai", "012090000032", "C2", body=body),
    ]
    delivery = carried(hand_in(people.officer, ("a.csv", made.csv(HEAD, *rows))), people.officer)
    kept = Certificate.objects.get(serial__endswith="C2")
    successor = builders.certificate(subscriber=kept.subscriber, key_pair=builders.key())
    Certificate.objects.filter(pk=successor.pk).update(predecessor=kept)

    services.undo(delivery, actor=people.officer, now=NOW)
    worked(delivery)

    assert delivery.counts["gone_kept"] == 1
    assert not Certificate.objects.filter(serial__endswith="C1").exists()
    assert not Device.objects.filter(serial="TK-31").exists()
    assert not Subscriber.objects.filter(name="Lò Văn Một").exists()
    assert Certificate.objects.filter(pk=kept.pk).exists()


def test_a_body_is_found_by_what_it_was_and_asked_about_where_it_is_unclear(people: Cast) -> None:
    now_is = people.agency
    office = now_is.office
    old = builders.agency("ỦY BAN NHÂN DÂN XÃ MƯỜNG CŨ", office=office)
    Succession.objects.create(
        predecessor=old, successor=now_is, decision="QĐ 1", effective_on=NOW.date(), in_effect=True
    )
    old.dissolved_on = NOW.date() - timedelta(days=10)
    old.save()
    rows = [
        row("Lò Văn Một", "012090000041", "D1", body="UBND xã Mường Cũ"),
        row("Lò Văn Hai", "012090000042", "D2", body=now_is.name.replace("TÂN", "TAN")),
        row("Lò Văn Ba", "012090000043", "D3", body="Hội Không Tên"),
        row("Lò Văn Tư", "012090000044", "D4", body="Hội Không Tên"),
    ]
    delivery = hand_in(people.officer, ("a.csv", made.csv(HEAD, *rows)))

    assert "by_predecessor" in codes(delivery, 2)
    doubts = {one.about: one for one in delivery.doubts.filter(kind=Doubt.Kind.BODY)}
    assert doubts["Hội Không Tên"].rows == 2  # decided once, whatever the number of rows
    assert {one.proposed for one in doubts.values()} == {now_is, None}
    officer = made.browser(people.officer)
    said = {f"choice_{one.uuid}": "take" for one in doubts.values()}
    refused = officer.post(reverse("estate:decide", args=[delivery.uuid]), said)
    assert 'data-code="no_body_named"' in refused.text
    said[f"body_{doubts['Hội Không Tên'].uuid}"] = now_is.name
    officer.post(reverse("estate:decide", args=[delivery.uuid]), said)
    worked(delivery)
    assert delivery.counts[Verdict.NEW] == 4
    carried(delivery, people.officer)
    assert set(Certificate.objects.values_list("agency", flat=True)) == {now_is.pk}


def test_faults_of_rows_are_named_and_the_rest_comes_in(people: Cast) -> None:
    body = people.agency.name
    other = builders.agency(office=builders.office())
    builders.person("Người Khác", at=other, number="012090000059")
    rows = [
        row("Lò Văn Một", "012090000051", "E1", body=body),
        row("Lò Văn Hai", "012090000052", "E1", body=body),  # 3: the serial again
        row("Lò Văn Ba", "01209", "E3", body=body),  # 4: no number
        row("Lò Văn Tư", "012090000054", "6.01E+15", body=body),  # 5: a workbook's number
        row("Lò Văn Năm", "012090000055", "E5", body=body, ends=""),  # 6: no end
        row("", "012090000056", "E6", body=body),  # 7: nobody
        row("Lò Văn Bảy", "012090000051", "E7", body=body),  # 8: a number of two names
        row("Người Khác", "012090000059", "E8", body=body),  # 9: another office's
        row("NguyÔn V¨n ThÞnh", "012090000057", "E9", body=body),  # 10: TCVN3
    ]
    delivery = hand_in(people.officer, ("a.csv", made.csv(HEAD, *rows)))

    expected = {
        3: "serial_twice", 4: "bad_identity", 5: "not_a_serial", 6: "no_end", 7: "no_name",
        8: "number_of_two_names", 9: "person_of_another_office", 10: "old_letters",
    }  # fmt: skip
    assert {
        number: code for number, code in expected.items() if code in codes(delivery, number)
    } == expected
    assert delivery.counts[Verdict.REFUSED] == 7
    decide(people, delivery, "take")
    carried(delivery, people.officer)
    names = set(Certificate.objects.values_list("common_name", flat=True))
    assert names == {"Lò Văn Một", "Nguyễn Văn Thịnh"}


def test_files_alone_are_enough_and_strangers_are_asked_about(people: Cast) -> None:
    body = people.agency.name
    key = ec.generate_private_key(ec.SECP256R1())
    several = [
        made.certificate(
            "Vàng A Một", body=body, serial=0xF001, email="mot@laichau.gov.vn", key=key
        ),
        made.certificate(body[:60], body=body, serial=0xF002),
        made.ca_certificate(),
    ]
    delivery = hand_in(people.officer, ("tat-ca.p7b", made.p7b(several)))
    assert [one.kind for one in delivery.doubts.all()] == [Doubt.Kind.UNVERIFIED]
    assert ["of_ca", "1"] in delivery.files.get().notes

    decide(people, delivery, "take")
    carried(delivery, people.officer)

    kinds = dict(Certificate.objects.values_list("kind", "trust"))
    assert kinds == {"person": Trust.UNVERIFIED, "organisation": Trust.UNVERIFIED}
    person = Certificate.objects.get(kind="person")
    assert bytes(person.key.public_key) != b""
    # A list with numbers and devices completes what the files began.
    listed = made.csv(HEAD, row("Vàng A Một", "", "F001", body=body, token="TK-F1"))
    carried(hand_in(people.officer, ("ds.csv", listed)), people.officer)
    assert Device.objects.get(serial="TK-F1").key == person.key


def test_what_is_known_from_a_list_alone_is_not_renewed_until_its_file_is_there(
    people: Cast,
) -> None:
    found = made.certificate("Lò Văn Một", body=people.agency.name, serial=0xA66)
    listed = made.csv(HEAD, row("Lò Văn Một", "012090000066", "A66", body=people.agency.name))
    carried(hand_in(people.officer, ("a.csv", listed)), people.officer)
    certificate = Certificate.objects.get()

    def hindrances() -> set[str]:
        [told] = of_certificate(certificate, agency=people.agency, wishes=[{"renew"}], now=NOW)
        return {one.code for one in told}

    assert hindrances() == {"no_certificate_file"}
    later = hand_in(people.officer, ("a.cer", made.der(found)))
    decide(people, later, "take")
    carried(later, people.officer)
    certificate.refresh_from_db()
    assert (bytes(certificate.der), certificate.trust) == (made.der(found), Trust.UNVERIFIED)
    assert hindrances() == {"renewals_unknown"}
    decide(people, Delivery.objects.earliest("pk"), "take")  # asked once, answered afterwards
    certificate.refresh_from_db()
    assert certificate.renewals_source == RenewalsSource.PERSON
    assert hindrances() == set()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.zip", b"PK\x03\x04 half of it"),
        ("a.xlsx", b"PK\x03\x04 half of it"),
        ("a.csv", b""),
        ("a.csv", b"x;y;z\n1;2;3"),
        ("a.cer", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"),
        ("a.p7b", b"\x30\x82" + b"\xff" * 300),
        ("a.csv", "Họ tên;Số serial\nLò".encode("utf-16-le")[:-1]),
    ],
)
def test_a_damaged_file_is_refused_by_name_and_stops_no_other(
    people: Cast, name: str, content: bytes
) -> None:
    good = made.csv(HEAD, row("Lò Văn Một", "012090000061", "A61", body=people.agency.name))
    delivery = hand_in(people.officer, (name, content), ("tot.csv", good))
    bad, fine = delivery.files.all()
    assert bad.problem
    assert not fine.problem
    assert delivery.counts[Verdict.NEW] == 1


@pytest.mark.usefixtures("anchored")
def test_what_the_other_ca_revoked_is_read_from_its_list_when_it_is_believed(
    people: Cast, settings: Any
) -> None:
    body = people.agency.name
    founds = [made.certificate(f"Lò Văn {one}", body=body, serial=0xC0 + one) for one in range(3)]
    first = made.zipped({f"{one}.cer": made.der(found) for one, found in enumerate(founds[:2])})
    carried(hand_in(people.officer, ("a.zip", first)), people.officer)
    later = hand_in(
        people.officer,
        ("ca.crl", made.crl([0xC0, 0xC2])),
        ("c.cer", made.der(founds[2])),
        ("la.crl", made.crl([0xC1], key=ec.generate_private_key(ec.SECP256R1()))),
        ("hong.crl", b"\x30\x82 half"),
    )
    assert [bool(one.problem) for one in later.files.all()] == [False, False, True, True]
    assert "revoked_by_ca" in {code for row in later.rows.all() for _f, code, _a in row.findings}
    carried(later, people.officer)
    revoked = Certificate.objects.filter(revoked_at__isnull=False).order_by("serial")
    assert [one.serial[-2:] for one in revoked] == ["C0", "C2"]
    assert {(one.revoked_at, one.revocation_reason) for one in revoked} == {
        (made.BEGINS, "key_compromise")
    }
    again = hand_in(people.officer, ("ca.crl", made.crl([0xC0, 0xC2])))
    assert not services.to_carry(again).exists()
    services.undo(later, actor=people.officer, now=NOW)
    worked(later)
    assert not Certificate.objects.filter(revoked_at__isnull=False).exists()


def test_a_comparison_tells_what_is_only_here_only_there_and_different(people: Cast) -> None:
    body = people.agency.name
    rows = [row(f"Lò Văn {one}", f"01209000007{one}", f"A7{one}", body=body) for one in range(3)]
    carried(hand_in(people.officer, ("a.csv", made.csv(HEAD, *rows))), people.officer)
    later = [
        rows[0],
        row("Lò Văn 1", "012090000071", "A71", body=body, ends="05/05/2028"),
        row("Lò Văn 9", "012090000079", "A79", body=body),
    ]
    compared = hand_in(
        people.officer, ("b.csv", made.csv(HEAD, *later)), purpose=Delivery.Purpose.COMPARE
    )
    told = {one.title: one.verdict for one in compared.rows.all()}
    assert told == {
        "Lò Văn 0": Verdict.SAME, "Lò Văn 1": Verdict.CHANGED, "Lò Văn 9": Verdict.NEW,
        "Lò Văn 2": Verdict.ONLY_HERE,
    }  # fmt: skip
    page = made.browser(people.officer).get(
        reverse("estate:delivery", args=[compared.uuid]), {"verdict": "only_here"}
    )
    assert "Lò Văn 2" in page.text
    assert "Lò Văn 0" not in page.text


def test_columns_of_any_name_are_told_once_and_known_the_next_time(people: Cast) -> None:
    head = ("Ông/bà", "Mã CTS nội bộ", "Nơi làm", "Hạn")
    first = made.csv(("Họ tên", *head[1:]), ("Lò Văn Một", "A81", people.agency.name, "01/01/2028"))
    delivery = hand_in(people.officer, ("a.csv", first))
    assert delivery.files.get().problem  # one known column is too little to begin with

    head = ("Họ tên", "Số serial", "Nơi làm", "Hạn")
    listed = made.csv(head, ("Lò Văn Một", "A81", people.agency.name, "01/01/2028"))
    delivery = hand_in(people.officer, ("a.csv", listed))
    file = delivery.files.get()
    address = reverse("estate:columns", args=[delivery.uuid, file.uuid])
    officer = made.browser(people.officer)
    assert "Nơi làm" in officer.get(address).text
    twice = officer.post(address, {"column_0": "name", "column_1": "name"})
    assert 'data-code="column_twice"' in twice.text
    officer.post(
        address,
        {"column_0": "name", "column_1": "serial", "column_2": "body", "column_3": "not_after"},
    )
    worked(delivery)
    assert delivery.counts[Verdict.NEW] == 1
    again = hand_in(people.officer, ("b.csv", listed))
    assert again.counts[Verdict.NEW] == 1


def test_only_the_office_brings_in_and_only_its_own(people: Cast) -> None:
    listed = made.csv(HEAD, row("Lò Văn Một", "012090000091", "A91", body=people.agency.name))
    delivery = hand_in(people.officer, ("a.csv", listed))
    stranger = made.browser(builders.user(Role.OFFICE_OFFICER))
    address = reverse("estate:delivery", args=[delivery.uuid])
    assert stranger.get(address).status_code == 404
    for user in (people.clerk, people.head, people.office_head, people.operator):
        assert made.browser(user).get(address).status_code == 403
