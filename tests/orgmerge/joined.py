"""Two offices and a reorganisation in which bodies of both meet."""

from __future__ import annotations

from dataclasses import dataclass

from orgmerge.approval.services import take_step
from orgmerge.models import Merger, MergerBody, MergerOffice, Plan
from orgmerge.partners import services as partners
from orgmerge.workflow import MergerAction
from portal.accounts.models import User
from portal.agencies.models import Agency
from portal.core.roles import Role
from tests import builders
from tests.builders import NOW
from tests.orgmerge import builders as mergers


@dataclass(frozen=True, slots=True)
class People:
    """One office and who works there."""

    office: Agency
    officer: User
    head: User


@dataclass(frozen=True, slots=True)
class Scene:
    """A draft that ``leader`` describes; a body of theirs passes to a new one."""

    leader: People
    other: People
    merger: Merger
    body: MergerBody

    @property
    def asked(self) -> MergerOffice:
        """The place of the other office."""
        return self.merger.joint_offices.get(office=self.other.office)

    def their_body(self, name: str = "", *, parent: Agency | None = None) -> Agency:
        """A body that the other office follows."""
        return builders.agency(name, office=self.other.office, parent=parent)


def people(office: Agency) -> People:
    return People(
        office,
        builders.user(Role.OFFICE_OFFICER, agency=office),
        builders.user(Role.OFFICE_HEAD, agency=office),
    )


def alone() -> Scene:
    """The other office has not been asked yet."""
    leader, other = people(builders.office()), people(builders.office())
    merger = mergers.merger(leader.officer)
    body = mergers.body(merger, "ỦY BAN NHÂN DÂN XÃ MỚI")
    mergers.share(merger, builders.agency(office=leader.office), body)
    return Scene(leader, other, merger, body)


def asked() -> Scene:
    """The other office is asked and has not answered."""
    scene = alone()
    ask(scene)
    return scene


def together() -> Scene:
    """The other office has joined."""
    scene = asked()
    partners.join(scene.asked, actor=scene.other.officer, now=NOW)
    scene.merger.refresh_from_db()
    return scene


def submitted() -> Scene:
    """Both offices' bodies are described, a plan is made, and it awaits approval."""
    scene = together()
    mergers.share(scene.merger, scene.their_body(), scene.body)
    replan(scene)
    return scene


def replan(scene: Scene) -> Plan:
    """Submit with a plan made anew of the description as it stands."""
    made = mergers.plan(scene.merger, scene.body)
    step(scene, MergerAction.SUBMIT, scene.leader.officer)
    return made


def ask(scene: Scene, office: Agency | None = None) -> MergerOffice:
    scene.merger.refresh_from_db()
    return partners.ask_office(
        scene.merger,
        office or scene.other.office,
        actor=scene.leader.officer,
        now=NOW,
        version=scene.merger.version,
    )


def step(scene: Scene, action: str, actor: User, *, reason: str = "") -> None:
    scene.merger.refresh_from_db()
    take_step(
        scene.merger, action, actor=actor, now=NOW, version=scene.merger.version, reason=reason
    )


def agree(scene: Scene, *, actor: User | None = None) -> MergerOffice:
    number = scene.merger.plans.order_by("-number")[0].number
    return partners.agree(scene.asked, actor=actor or scene.other.head, now=NOW, plan_number=number)
