"""The pages of carrying a plan out, and of signing many letters, wide and narrow."""

from __future__ import annotations

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from orgmerge.models import Merger, MergerBody, PlanLine
from orgmerge.vocabulary import LineAbout, LineAction, LineStage, LineState, MergerState
from portal.core.roles import Role
from portal.documents import services as documents
from requests_app.models import Dossier
from requests_app.workflow import State
from tests import builders, story
from tests.browser.tour import Tour, follow, press
from tests.orgmerge import approved
from tests.orgmerge.approved import Scene

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

LONG_NAME = "ỦY BAN NHÂN DÂN XÃ NẬM CẦN THỬ CỦA HUYỆN TÂN UYÊN CŨ, TỈNH LAI CHÂU"


def under_way() -> Scene:
    """Lines in every state: one done, one filed, one that failed, one that waits; a device."""
    at = approved.scene("UBND XÃ ĐẦU", LONG_NAME)
    now = timezone.now()
    agency = at.olds[0]
    MergerBody.objects.filter(merger=at.merger).update(
        agency=agency, took_effect_at=now, handed_over_at=now
    )
    Merger.objects.filter(pk=at.merger.pk).update(
        state=MergerState.IN_FORCE, in_force_at=now, list_sent_on=now.date()
    )
    dossier = builders.dossier(agency=agency, kind="mau_05_revoke")
    states = (LineState.DONE, LineState.OPEN, LineState.FAILED, LineState.PLANNED)
    for state in states:
        person = builders.person(f"Lò Văn {state.label}", at=agency)
        held = builders.certificate(subscriber=person)
        is_filed = state == LineState.OPEN
        PlanLine.objects.create(
            plan=at.plan,
            about=LineAbout.CERTIFICATE,
            target_id=held.pk,
            target_uuid=held.uuid,
            title=f"{held.common_name} · {held.serial}",
            search_title=held.search_name,
            agency=agency,
            sender=at.bodies[0],
            action=LineAction.CHANGE,
            form="04",
            reason="agency_renamed",
            stage=LineStage.PEOPLE,
            state=state,
            outcome="Bị từ chối: Sai tên đơn vị" if state == LineState.FAILED else "",
            item=dossier.items.get() if is_filed else None,
            dossier=dossier if is_filed else None,
        )
    device = builders.in_hands_of(person, held.key)
    PlanLine.objects.create(
        plan=at.plan,
        about=LineAbout.DEVICE,
        target_id=device.pk,
        target_uuid=device.uuid,
        title=f"USB Token {device.serial} · {person.name}",
        search_title=device.serial.lower(),
        agency=agency,
        sender=at.bodies[0],
        action=LineAction.RETURN,
        form="08",
        reason="after_revocation",
        stage=LineStage.DEVICES,
    )
    return at


def test_how_far_a_plan_is_carried_out_and_what_failed(tour: Tour) -> None:
    at = under_way()
    builders.user(Role.CLERK, agency=at.olds[0])
    page = tour.page_of(at.officer)

    page.goto(reverse("orgmerge:progress", args=[at.merger.uuid]))
    tour.look(page, "thuc-hien")
    page.goto(reverse("orgmerge:progress_body", args=[at.merger.uuid, at.bodies[0].uuid]))
    tour.look(page, "thuc-hien-don-vi")
    page.goto(reverse("orgmerge:devices", args=[at.merger.uuid]))
    tour.look(page, "thuc-hien-thiet-bi")
    follow(page.get_by_role("link", name="UBND XÃ ĐẦU"))
    tour.look(page, "thuc-hien-thiet-bi-don-vi")

    assert tour.faults == []


def test_a_failure_is_tried_again_without_script(tour: Tour) -> None:
    at = under_way()
    page = tour.page_of(at.officer, script=False)
    page.goto(reverse("orgmerge:progress", args=[at.merger.uuid]))

    press(page, "Lập lại")

    assert PlanLine.objects.filter(state=LineState.FAILED).count() == 0


def test_many_letters_before_the_head(tour: Tour) -> None:
    people = story.cast()
    paper = documents.store(
        story.blank_pdf(), name="a.pdf", media_type="application/pdf", now=timezone.now()
    )
    for mode in ("digital", "digital", "ink"):
        made = builders.dossier(
            agency=people.agency, state=State.AWAITING_SIGNATURE, letter=paper, signing_mode=mode
        )
        for item in made.items.all():
            item.answers = {}
            item.save()
    Dossier.objects.filter(signing_mode="ink").update(signing_reason="Chưa có chứng thư cơ quan")
    page = tour.page_of(people.head)

    page.goto(reverse("requests_app:sign_many"))
    tour.look(page, "ky-nhieu-van-ban")

    expect(page.get_by_role("checkbox", disabled=True)).to_have_count(2)
    assert tour.faults == []
