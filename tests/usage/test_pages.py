"""What the pages of supervision list, count and let people do; in how many queries."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from portal.accounts.models import User
from portal.agencies.models import Agency
from portal.ca.models import Certificate
from portal.core.roles import Role
from portal.notices.models import Notice
from portal.usage.models import IdleInquiry, PublicCertificate, UsageAlarm
from requests_app.models import Dossier, Procedure
from requests_app.workflow import Route
from tests import builders, story, words
from tests.pages import flat
from tests.usage import builders as usage
from tests.usage.builders import event, told

pytestmark = pytest.mark.django_db


def as_user(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def people(db: None) -> story.Cast:
    cast = story.cast(Route.DIRECT, procedure=Procedure.REVOKE)
    cast.head.person = builders.person("Lò Văn Chủ", at=cast.agency)
    cast.head.save()
    return cast


@pytest.fixture
def certificates(people: story.Cast) -> Mapping[str, Certificate]:
    """One that signs, one that did half a year ago, one never."""
    now = timezone.now()
    names = {"signs": "Lò Văn Ký", "rests": "Lò Văn Nghỉ", "never": "Lò Văn Im"}
    held = {
        name: builders.certificate(
            subscriber=builders.person(words, at=people.agency), not_after=now + timedelta(days=500)
        )
        for name, words in names.items()
    }
    told(
        usage.system(agency=people.agency, by=people.officer),
        event(held["signs"].serial, now - timedelta(days=200)),
        event(held["signs"].serial, now - timedelta(days=2)),
        event(held["rests"].serial, now - timedelta(days=185)),
        now=now,
        channel="file",
    )
    return held


def listed(client: Client, path: str) -> set[str]:
    page = client.get(path).content.decode()
    names = {"signs": "Lò Văn Ký", "rests": "Lò Văn Nghỉ", "never": "Lò Văn Im"}
    return {name for name, words in names.items() if words in page.partition("ket-qua")[2]}


def test_certificates_are_found_by_how_long_they_lie_idle(
    people: story.Cast, certificates: Mapping[str, Certificate]
) -> None:
    clerk, path = as_user(people.clerk), reverse("usage:certificates")

    assert listed(clerk, path) == {"signs", "rests", "never"}
    assert listed(clerk, f"{path}?use=recent") == {"signs"}
    assert listed(clerk, f"{path}?use=90") == {"rests", "never"}
    assert listed(clerk, f"{path}?use=180") == {"rests", "never"}
    assert listed(clerk, f"{path}?use=365") == set()  # nobody reported so long ago
    words.fill()
    assert listed(clerk, f"{path}?q=nghi") == {"rests"}
    assert listed(as_user(builders.user(Role.CLERK)), path) == set()


def test_a_body_that_signs_with_nothing_is_listed(
    people: story.Cast, certificates: Mapping[str, Certificate]
) -> None:
    silent = builders.agency("ỦY BAN NHÂN DÂN XÃ IM LẶNG", office=people.agency.office)
    builders.certificate(subscriber=builders.person(at=silent))
    office = as_user(people.officer)

    page = flat(office.get(f"{reverse('usage:bodies')}?use=none"))

    assert silent.name in page
    assert people.agency.name not in page.partition("ket-qua")[2]
    assert people.agency.name in flat(office.get(reverse("usage:bodies")))


def test_idle_certificates_are_asked_about_kept_or_brought_to_a_mau_05(
    people: story.Cast, certificates: Mapping[str, Certificate]
) -> None:
    officer, clerk = as_user(people.officer), as_user(people.clerk)
    officer.post(reverse("usage:ask"), {"all": "1"})
    asked = {one.certificate_id: one for one in IdleInquiry.objects.all()}
    assert set(asked) == {certificates["rests"].pk, certificates["never"].pk}
    told_of = Notice.objects.get(recipient=people.clerk)
    officer.post(reverse("usage:ask"), {"all": "1"})
    assert IdleInquiry.objects.count() == 2  # nobody is asked twice

    keep, go = asked[certificates["rests"].pk], asked[certificates["never"].pk]
    path = reverse("usage:answer")
    without = clerk.post(path, {"code": [keep.uuid], "do": "keep", "reason": ""})
    assert f'value="{keep.uuid}" checked' in flat(without)
    clerk.post(path, {"code": [keep.uuid], "do": "keep", "reason": "Ký thay khi vắng"})
    answer = clerk.post(path, {"code": [go.uuid, "x"], "do": "revoke", "reason": "Không dùng"})

    dossier = Dossier.objects.get(kind="mau_05_revoke")
    assert answer["Location"] == reverse("requests_app:editor", args=[dossier.uuid])
    row = dossier.items.get()
    assert row.certificate_id == certificates["never"].pk
    assert (row.answers["cause"], row.answers["reason"]) == ("agency", "Không dùng")
    keep.refresh_from_db()
    assert (keep.answer, keep.reason) == ("keep", "Ký thay khi vắng")
    told_of.refresh_from_db()
    assert told_of.over_at is not None
    nothing = clerk.post(path, {"code": [keep.uuid], "do": "keep", "reason": "Lại"})
    assert 'class="error-summary"' in nothing.content.decode()
    assert as_user(people.head).post(path, {"code": [keep.uuid]}).status_code == 403


def test_an_alarm_is_explained_by_the_body_and_concluded_by_the_office(
    people: story.Cast, certificates: Mapping[str, Certificate]
) -> None:
    one = certificates["signs"]
    now = timezone.now()
    Certificate.objects.filter(pk=one.pk).update(
        revoked_at=now - timedelta(days=1), revocation_reason="cessation", crl_entry=b"x"
    )
    told(
        usage.system(agency=people.agency, by=people.officer),
        event(one.serial, now - timedelta(hours=1)),
        now=now,
    )
    alarm = UsageAlarm.objects.get()
    clerk, officer = as_user(people.clerk), as_user(people.officer)
    assert reverse("usage:alarms") in clerk.get("/").content.decode()

    clerk.post(reverse("usage:explain_alarm", args=[alarm.uuid]), {"words": "Máy chưa đổi giờ"})
    officer.post(reverse("usage:close_alarm", args=[alarm.uuid]), {"words": "Đã chỉnh giờ"})

    alarm.refresh_from_db()
    assert (alarm.explanation, alarm.finding) == ("Máy chưa đổi giờ", "Đã chỉnh giờ")
    assert alarm.closed_by == people.officer
    assert all(notice.is_over for notice in Notice.objects.filter(target_uuid=alarm.uuid))
    again = officer.post(reverse("usage:close_alarm", args=[alarm.uuid]), {"words": "Lại"})
    assert 'class="error-summary"' in again.content.decode()
    seen = as_user(builders.user(Role.CLERK)).get(reverse("usage:alarm", args=[alarm.uuid]))
    assert seen.status_code == 404


def test_a_public_certificate_is_followed_until_it_is_replaced(
    people: story.Cast, certificates: Mapping[str, Certificate]
) -> None:
    clerk = as_user(people.clerk)
    data = {
        "holder": "Lò Thị Kế",
        "issuer": "CA CÔNG CỘNG THỬ",
        "purpose": "Nộp bảo hiểm",
        "valid_until": "30/06/2027",
    }

    bad = clerk.post(reverse("usage:note_public"), data | {"valid_until": "hôm nào"})
    assert "Lò Thị Kế" in bad.content.decode()  # what was typed is kept
    clerk.post(reverse("usage:note_public"), data)
    clerk.post(reverse("usage:note_public"), data)  # twice: refused

    one = PublicCertificate.objects.get()
    office = as_user(people.officer)
    assert "Lò Thị Kế" in office.get(f"{reverse('usage:public')}?state=in_use").content.decode()
    path = reverse("usage:replace_public", args=[one.uuid])
    wrong = clerk.post(path, {"serial": "00FF"})
    assert 'class="error-summary"' in wrong.content.decode()
    clerk.post(path, {"serial": certificates["signs"].serial.lower()})
    one.refresh_from_db()
    assert (one.state, one.replaced_by) == ("replaced", certificates["signs"])


def test_the_page_of_a_certificate_shows_its_last_use(
    people: story.Cast, certificates: Mapping[str, Certificate]
) -> None:
    clerk = as_user(people.clerk)

    used = flat(clerk.get(reverse("ca:detail", args=[certificates["signs"].uuid])))
    unused = flat(clerk.get(reverse("ca:detail", args=[certificates["never"].uuid])))

    assert reverse("usage:certificate", args=[certificates["signs"].uuid]) in used
    assert "/giam-sat/chung-thu/" not in unused


@pytest.mark.parametrize("name", ["certificates", "bodies", "alarms", "public"])
def test_lists_can_be_taken_away(
    people: story.Cast, certificates: Mapping[str, Certificate], name: str
) -> None:
    usage.alarm(certificates["signs"], usage.system(agency=people.agency, by=people.officer))
    usage.public_certificate(people.agency, by=people.clerk)

    answer = as_user(people.officer).get(f"{reverse(f'usage:{name}')}?export=xlsx")

    assert "spreadsheetml" in answer.headers["Content-Type"]


COUNT = re.compile(r'href="([^"]+)" data-count="(\d+)"')
TOTAL = re.compile(r'data-total="(\d+)"')


def test_every_number_leads_to_as_many(
    people: story.Cast, certificates: Mapping[str, Certificate]
) -> None:
    as_user(people.officer).post(reverse("usage:ask"), {"all": "1"})
    paths = ["/giam-sat/", "/giam-sat/don-vi/", f"/giam-sat/don-vi/{people.agency.uuid}/"]
    for user in (people.clerk, people.officer, people.operator):
        client = as_user(user)
        told_of = {
            html.unescape(href): int(count)
            for path in paths
            for href, count in COUNT.findall(flat(client.get(path)))
        }

        listed = {
            path: int(TOTAL.findall(client.get(path).content.decode())[0]) for path in told_of
        }

        assert len(told_of) >= 8
        assert listed == told_of


# With a session and the frame of a page; a list costs the same however long it is.
QUERIES = {
    "overview": 12,
    "certificates": 10,
    "bodies": 12,
    "alarms": 8,
    "inquiries": 8,
    "public": 8,
    "systems": 8,
}


def test_pages_take_a_fixed_number_of_queries(
    people: story.Cast, certificates: Mapping[str, Certificate]
) -> None:
    office = as_user(people.officer)

    def counted() -> dict[str, int]:
        found = {}
        for name in QUERIES:
            with CaptureQueriesContext(connection) as captured:
                assert office.get(reverse(f"usage:{name}")).status_code == 200
            found[name] = len(captured)
        return found

    office.get("/giam-sat/")
    before = counted()
    _grow(people)

    after = counted()
    assert after == before
    assert {name: number for name, number in after.items() if number > QUERIES[name]} == {}


def _grow(people: story.Cast) -> None:
    now = timezone.now()
    office = people.agency.office
    assert isinstance(office, Agency)
    for _number in range(4):
        body = builders.agency(office=office)
        held = [builders.certificate(subscriber=builders.person(at=body)) for _one in range(3)]
        system = usage.system(agency=body, by=people.officer)
        moments = [now - timedelta(days=days) for days in (3, 100)]
        told(system, *(event(held[0].serial, moment) for moment in moments), now=now)
        usage.alarm(held[1], system)
        usage.inquiry(held[2], by=people.officer)
        usage.public_certificate(body, by=people.officer)
