"""The work list of each person has what a reorganisation wants of them, and nobody else's."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from orgmerge.hooks import waiting_of
from orgmerge.models import Merger, MergerBody, PlanLine, RecordsHandover
from orgmerge.vocabulary import LineAbout, LineAction, LineState, MergerState
from portal.accounts.models import User
from portal.agencies.models import Agency
from portal.core.roles import Role
from portal.documents import services as documents
from tests import builders, story
from tests.builders import NOW
from tests.orgmerge import approved
from tests.orgmerge.approved import DAY, Scene

pytestmark = pytest.mark.django_db


def test_the_head_of_the_leading_office_is_asked_to_approve() -> None:
    at = approved.scene("UBND XÃ ĐẦU")
    Merger.objects.update(state=MergerState.AWAITING_APPROVAL)
    head = builders.user(Role.OFFICE_HEAD, agency=at.office)
    stranger = builders.user(Role.OFFICE_HEAD, agency=builders.office("SỞ KHÁC"))

    assert paths(head) == [reverse("orgmerge:detail", args=[at.merger.uuid])]
    assert paths(stranger) == paths(at.officer) == []


def test_the_list_waits_for_the_officer_until_it_is_sent() -> None:
    at = approved.scene("UBND XÃ ĐẦU")
    page = reverse("orgmerge:records", args=[at.merger.uuid])

    assert paths(at.officer) == [page]
    assert page in home(at.officer)

    Merger.objects.update(list_sent_on=DAY)

    assert paths(at.officer) == []


def test_the_record_waits_for_the_clerk_who_receives_until_it_is_signed() -> None:
    at = in_force()
    clerk = builders.user(Role.CLERK, agency=receiving(at))
    paper = documents.store(story.blank_pdf(), name="b.pdf", media_type=documents.PDF, now=NOW)
    handover = RecordsHandover.objects.create(
        merger=at.merger, old=at.olds[0], body=at.bodies[0], record=paper, made_at=NOW
    )
    stranger = builders.user(Role.CLERK, agency=builders.agency(office=at.office))

    (one,) = waiting_of(clerk)
    assert one.count == 1
    assert one.path == reverse("orgmerge:records", args=[at.merger.uuid]) + "#bien-ban"
    assert one.words in home(clerk)
    assert paths(stranger) == []

    handover.signed_at, handover.signed, handover.signed_by = NOW, paper, clerk
    handover.save()

    assert paths(clerk) == []


def test_what_failed_waits_for_the_office_and_the_body_that_files() -> None:
    at = in_force()
    clerk = builders.user(Role.CLERK, agency=receiving(at))
    stranger = builders.user(Role.CLERK, agency=builders.agency(office=at.office))
    for name in ("Lò Văn Một", "Lò Văn Hai"):
        held = builders.certificate(subscriber=builders.person(name, at=receiving(at)))
        line = approved.line(
            at, LineAbout.CERTIFICATE, held, at.bodies[0], action=LineAction.CHANGE
        )
        PlanLine.objects.filter(pk=line.pk).update(state=LineState.FAILED)

    for user in (at.officer, clerk):
        (one,) = waiting_of(user)
        assert (one.count, one.is_late) == (2, True)
        assert one.path == reverse("orgmerge:progress", args=[at.merger.uuid]) + "#khong-thanh"
    assert paths(stranger) == []


def in_force() -> Scene:
    """Followed, with the list sent; the new body is the only one there is."""
    at = approved.scene("UBND XÃ ĐẦU")
    new = builders.agency("UBND XÃ MỚI", office=at.office)
    MergerBody.objects.update(agency=new, took_effect_at=NOW, handed_over_at=NOW)
    Merger.objects.update(
        state=MergerState.IN_FORCE, in_force_at=NOW, followed_at=NOW, list_sent_on=DAY
    )
    at.merger.refresh_from_db()
    at.bodies[0].refresh_from_db()
    return at


def receiving(at: Scene) -> Agency:
    found = at.bodies[0].agency
    assert found is not None
    return found


def paths(user: User) -> list[str]:
    return [one.path for one in waiting_of(user)]


def home(user: User) -> str:
    client = Client()
    client.force_login(user)
    return client.get("/").content.decode()
