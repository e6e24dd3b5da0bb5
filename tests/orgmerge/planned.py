"""Reorganisations with a plan that is ready, and its pages as a user gets them."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.test import Client
from django.urls import reverse

from orgmerge.models import Merger, Plan, PlanLine
from orgmerge.plans import services as plans
from orgmerge.plans import worker
from orgmerge.vocabulary import Extent, LineAbout
from portal.accounts.models import User
from portal.agencies.models import Agency
from portal.ca.models import Certificate
from requests_app.workflow import State
from tests import builders
from tests.builders import NOW
from tests.orgmerge import builders as mergers

OLD_NAMES = ("ỦY BAN NHÂN DÂN XÃ ĐẦU", "ỦY BAN NHÂN DÂN XÃ HAI")
NEW_NAME = "ỦY BAN NHÂN DÂN XÃ MỚI"


def two_communes(officer: User, *, not_after: datetime = NOW + timedelta(days=1000)) -> Merger:
    """Two communes with a certificate, a person and a dossier each become one with a new name."""
    made = mergers.merger(officer)
    new = mergers.body(made, NEW_NAME)
    for name in OLD_NAMES:
        old = builders.agency(name, office=made.office)
        mergers.share(made, old, new)
        subscriber = builders.organisation(old)
        certificate = _names(builders.certificate(subscriber=subscriber, not_after=not_after), name)
        builders.in_hands_of(subscriber, certificate.key)
        person = builders.person(at=old)
        personal = _names(builders.certificate(subscriber=person, not_after=not_after), name)
        builders.in_hands_of(person, personal.key)
        builders.dossier(agency=old, state=State.SUBMITTED)
    return made


def split_commune(officer: User, *, people: int = 2) -> Merger:
    """A commune passes to two; where its people go somebody has to say."""
    made = mergers.merger(officer)
    old = builders.agency("ỦY BAN NHÂN DÂN XÃ CHIA", office=made.office)
    for name in ("ỦY BAN NHÂN DÂN XÃ MỘT", "ỦY BAN NHÂN DÂN XÃ HAI MỚI"):
        mergers.share(made, old, mergers.body(made, name), extent=Extent.PARTLY)
    for _number in range(people):
        person = builders.person(at=old)
        certificate = _names(builders.certificate(subscriber=person), old.name)
        builders.in_hands_of(person, certificate.key)
    return made


def plan_of(merger: Merger, officer: User, *, now: datetime = NOW) -> Plan:
    """A plan of ``merger``, made."""
    plan = plans.ask_for_plan(merger, actor=officer, now=now)
    make_all(now=now)
    plan.refresh_from_db()
    assert plan.state == Plan.State.READY, plan.problem
    merger.refresh_from_db()
    return plan


def make_all(*, now: datetime = NOW) -> None:
    """What the worker does."""
    while worker.make_waiting(now=now):
        pass


def approve(merger: Merger, plan: Plan) -> None:
    """Put ``merger`` where approval puts it."""
    Merger.objects.filter(pk=merger.pk).update(
        state="approved", approved_plan=plan, approved_at=NOW, approved_by=plan.asked_by
    )
    merger.refresh_from_db()


def old_bodies(merger: Merger) -> list[Agency]:
    return [share.old for share in merger.shares.select_related("old").order_by("position")]


def line_about(plan: Plan, about: LineAbout, target: int) -> PlanLine:
    return plan.lines.get(about=about, target_id=target)


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def page_of(merger: Merger, route: str = "plan", *more: object) -> str:
    return reverse(f"orgmerge:{route}", args=[merger.uuid, *more])


def text_of(user: User, url: str, status: int = 200) -> str:
    response = signed_in(user).get(url)
    assert response.status_code == status
    return response.content.decode()


def _names(certificate: Certificate, name: str) -> Certificate:
    levels = "C=VN, L=Lai Châu, O=UBND TỈNH LAI CHÂU"
    middle = "" if certificate.kind == "organisation" else f", OU={name}"
    subject = f"{levels}{middle}, CN={certificate.common_name}"
    Certificate.objects.filter(pk=certificate.pk).update(subject=subject)
    certificate.refresh_from_db()
    return certificate
