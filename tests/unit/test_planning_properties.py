"""What holds of every plan, over random worlds."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import TypeVar

from hypothesis import given
from hypothesis import settings as how
from hypothesis import strategies as st

from orgmerge.planner import codes
from orgmerge.planner.facts import BodyShare, KnownBody, PlannerLine, PlannerResult, Reply, World
from orgmerge.planner.planner import plan
from orgmerge.planner.reasons import AGAINST, NOTES, REASONS, WARNINGS
from orgmerge.vocabulary import Extent, LineAbout, LineAction, ReviewAnswer
from tests.orgmerge.executing import executed, settled
from tests.orgmerge.worlds import SUPERIOR, Making, acts

NAMES = ["UBND xã A", "UBND xã B", "UBND thị trấn B", "UBND phường 1", "Trường TH A"]
DISTRICT = "UBND huyện C"
V = TypeVar("V")
ANSWERS = [*ReviewAnswer, None, None, None]


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """A few bodies on every road there is, with things of every age and state."""
    making = Making()
    choose = draw(st.randoms(use_true_random=False))
    olds = [_body(making, choose) for _ in range(choose.randint(1, 5))]
    free = list(olds)
    for _ in range(choose.randint(0, 3)):
        _merge(making, choose, free)
    for body in free:
        _send(making, choose, body)
    for body in making.bodies:
        for _ in range(choose.randint(0, 3)):
            _certificate(making, choose, body)
        if choose.random() < 0.3:
            making.device(body, custody=choose.choice(["at_agency", "at_ca", "on_its_way"]))
        if choose.random() < 0.4:
            making.dossier(body, f"0{choose.randint(1, 9)}", choose.choice(["draft", "executing"]))
        if choose.random() < 0.3:
            making.replies["subscriber", making.subscriber(body)] = Reply(ReviewAnswer.CONTINUES)
    return making.world()


def _body(making: Making, choose: random.Random) -> int:
    province = choose.choice(["Tỉnh Lai Châu", "Tỉnh Yên Bái"])
    domain = choose.choice(["laichau.gov.vn", "yenbai.gov.vn", ""])
    parent = choose.choice(list(making.bodies))
    name = choose.choice([*NAMES, DISTRICT])
    body = making.body(name, parent=parent, province=province, domain=domain)
    if choose.random() < 0.3:
        making.body("Văn phòng", parent=body, province=province, domain=domain, has_seal=False)
    return body


def _merge(making: Making, choose: random.Random, free: list[int]) -> None:
    whole = [free.pop() for _ in range(min(len(free), choose.randint(0, 3)))]
    agency = choose.choice([None, *whole])
    superior = choose.choice([SUPERIOR, "UBND tỉnh Yên Bái", *NAMES[:2]])
    free_names = [name for name in NAMES if name not in _taken(making)]
    making.target(choose.choice(free_names), *whole, agency=agency, superior=superior)


def _taken(making: Making) -> set[str]:
    return {target.name for target in making.targets.values()}


def _send(making: Making, choose: random.Random, body: int) -> None:
    """A body that merges whole into nothing: split, divided, dissolved, or not spoken of."""
    targets = list(making.targets)
    road = choose.choice(["split", "namesake", "divided", "dissolved", "outside"])
    if making.bodies[body].name == DISTRICT:
        road = choose.choice(["split", "dissolved"])
    if road == "dissolved":
        making.dissolve(body)
    if road == "divided" and making.bodies[body].name not in _taken(making):
        making.target(making.bodies[body].name, body, agency=body, extent=Extent.PARTLY)
    if road == "namesake":
        making.target(making.bodies[body].name, body, extent=Extent.PARTLY)
    if road in ("split", "namesake", "divided"):
        making.shares += [BodyShare(body, target, Extent.PARTLY) for target in targets]


def _certificate(making: Making, choose: random.Random, body: int) -> None:
    kind = choose.choice(["organisation", "person", "person", "system"])
    holders = [one.pk for one in making.subscribers if one.kind == kind]
    holder = choose.choice([*holders, None]) if kind == "person" else None
    certificate = making.certificate(
        body,
        kind,
        subscriber=holder,
        days=choose.choice([-5, 0, 29, 30, 45, 400, 900]),
        also=choose.choice([(SUPERIOR,), (), ("UBND huyện A",)]),
        storage=choose.choice(["token", "sim", "soft", "rssp"]),
        custody=choose.choice(["with_subscriber"] * 3 + ["at_agency", "back_at_agency", "at_ca"]),
        condition=choose.choice(["ok", "ok", "ok", "locked", "damaged", "lost"]),
        renewals=choose.randint(0, 1),
        is_revoked=choose.random() < 0.1,
        is_superseded=choose.random() < 0.1,
        shows_title=choose.random() < 0.2,
        pending=choose.choice([(), (), (), ("04",), ("05",)]),
    )
    answer = choose.choice(ANSWERS)
    said = making.replies.get(("subscriber", making.holder_of(certificate)))
    if said is not None:
        making.replies["certificate", certificate] = said
    elif answer is not None:
        to = choose.choice([*making.targets, None]) if answer == ReviewAnswer.MOVES else None
        email = choose.choice(["", "moi@laichau.gov.vn"])
        reply = making.replies["certificate", certificate] = Reply(answer, to=to, email=email)
        if kind != "organisation" and answer in (
            ReviewAnswer.CONTINUES,
            ReviewAnswer.MOVES,
            ReviewAnswer.LEFT,
        ):
            making.replies["subscriber", making.holder_of(certificate)] = reply


@how(max_examples=20, deadline=None)
@given(worlds())
def test_each_thing_stands_in_exactly_one_line(world: World) -> None:
    found = Counter((line.about, line.pk) for line in plan(world).lines)

    things = [("certificate", one.pk) for one in world.certificates]
    things += [("device", one.pk) for one in world.devices]
    things += [("subscriber", one.pk) for one in world.subscribers]
    things += [("dossier", one.pk) for one in world.dossiers]
    things += [("body", pk) for pk in world.targets]
    assert found == Counter(things)


@how(max_examples=20, deadline=None)
@given(worlds())
def test_under_a_new_name_at_most_one_organisation_certificate_lives_on(world: World) -> None:
    kinds = {one.pk: one for one in world.certificates}
    keys = {pk: {one.key for one in _sources(world, pk)} for pk in world.targets}

    renamed = Counter(
        line.sender
        for line in plan(world).lines
        if line.about == LineAbout.CERTIFICATE
        and line.action == LineAction.CHANGE
        and kinds[line.pk].kind == "organisation"
        and line.sender is not None
        and world.targets[line.sender].key not in keys[line.sender]
    )

    assert all(count == 1 for count in renamed.values())


def _sources(world: World, target: int) -> list[KnownBody]:
    return [world.bodies[share.old] for share in world.shares if share.new == target]


@how(max_examples=50, deadline=None)
@given(worlds())
def test_planning_what_was_carried_out_plans_nothing(world: World) -> None:
    world, found = settled(world)

    again = plan(executed(world, found))

    assert acts(again) == []


@how(max_examples=20, deadline=None)
@given(worlds())
def test_the_order_of_the_stages_keeps_what_depends_apart(world: World) -> None:
    found = plan(world)

    lines = {(line.about, line.pk): line for line in found.lines}
    for certificate in world.certificates:
        line = lines["certificate", certificate.pk]
        device = lines.get(("device", certificate.device or 0))
        if device is not None and _carries(world, device, certificate.pk):
            assert _is_in_order(line, device)
        holder = lines["subscriber", certificate.subscriber]
        if holder.action == LineAction.ISSUE and line.action == LineAction.REVOKE:
            assert line.stage < holder.stage
    _organisations_come_first(world, found)


def _carries(world: World, line: PlannerLine, certificate: int) -> bool:
    return any(one.pk == line.pk and one.certificate == certificate for one in world.devices)


def _is_in_order(line: PlannerLine, device: PlannerLine) -> bool:
    match device.action:
        case LineAction.RECOVER:
            return device.stage < line.stage
        case LineAction.RETURN:
            return line.action == LineAction.KEEP or line.stage < device.stage
        case LineAction.REPORT_LOSS:
            return line.action != LineAction.REVOKE or line.stage == device.stage
    return True


def _organisations_come_first(world: World, found: PlannerResult) -> None:
    """The new body's seal is there before the others' certificates are revoked."""
    first: dict[int | None, int] = {}
    for line in found.lines:
        if line.reason == codes.Why.SURVIVOR or line.about == LineAbout.BODY:
            first[line.sender] = max(first.get(line.sender, 0), line.stage)
    for line in found.lines:
        if line.reason == codes.Why.MERGED and line.sender in first:
            assert line.stage > first[line.sender]


_OF_ITSELF = frozenset(
    {
        codes.Why.DEVICE_LOST,
        codes.Why.DEVICE_DAMAGED,
        codes.Why.NEED_ENDED,
        codes.Why.PERSON_LEFT,
        codes.Why.TOO_LATE_TO_CHANGE,
    }
)


@how(max_examples=20, deadline=None)
@given(worlds())
def test_no_certificate_ends_unasked_whose_bodys_name_a_successor_keeps(world: World) -> None:
    """DOMAIN 14.17."""
    lines = {line.pk: line for line in plan(world).lines if line.about == LineAbout.CERTIFICATE}
    for one in world.certificates:
        shares = [share for share in world.shares if share.old == one.body and share.new]
        name = world.bodies[one.body].key
        is_divided = any(share.extent == Extent.PARTLY for share in shares)
        keeps = [share for share in shares if world.targets[share.new or 0].key == name]
        line = lines[one.pk]
        is_over = one.is_revoked or line.reason in _OF_ITSELF
        if one.kind == "organisation" and is_divided and keeps and not is_over:
            assert line.action != LineAction.REVOKE or line.is_open


@how(max_examples=20, deadline=None)
@given(worlds())
def test_one_certificate_of_a_person_stays_unless_somebody_said_otherwise(world: World) -> None:
    """DOMAIN 14.18: what is proposed to be revoked for another names it, and that one goes on."""
    lines = {line.pk: line for line in plan(world).lines if line.about == LineAbout.CERTIFICATE}
    holders = {one.pk: one.subscriber for one in world.certificates}
    for line in lines.values():
        if line.reason == codes.Why.SECOND_CERTIFICATE:
            other = lines[line.successor or 0]
            assert line.is_open
            assert holders[other.pk] == holders[line.pk]
            assert other.action != LineAction.REVOKE


@how(max_examples=20, deadline=None)
@given(worlds())
def test_nothing_of_a_district_is_decided_by_the_machine(world: World) -> None:
    """DOMAIN 14.20; that the body is a subscriber itself asks nobody anything."""
    said = {pk for _about, pk in world.replies}
    said |= {one.subscriber for one in world.certificates if one.pk in said}
    itself = {one.pk for one in world.subscribers if one.kind == "organisation"}
    done = {LineAction.CHANGE, LineAction.ISSUE, LineAction.REVOKE, LineAction.HAND_OVER}
    holders = {one.pk: one.subscriber for one in world.certificates}
    for line in plan(world).lines:
        body = world.bodies.get(line.body)
        is_asked = body is not None and body.name == DISTRICT and line.action in done
        of_itself = line.reason in _OF_ITSELF or line.about == LineAbout.DEVICE
        of_itself = of_itself or line.pk in itself
        if is_asked and not of_itself and not {line.pk, holders.get(line.pk)} & said:
            assert line.is_open


@how(max_examples=20, deadline=None)
@given(worlds(), st.randoms(use_true_random=False))
def test_the_order_of_what_is_handed_in_does_not_matter(
    world: World, choose: random.Random
) -> None:
    shuffled = replace(
        world,
        bodies=_shuffled(world.bodies, choose),
        targets=_shuffled(world.targets, choose),
        shares=choose.sample(list(world.shares), len(world.shares)),
        certificates=choose.sample(list(world.certificates), len(world.certificates)),
        devices=choose.sample(list(world.devices), len(world.devices)),
        subscribers=choose.sample(list(world.subscribers), len(world.subscribers)),
        dossiers=choose.sample(list(world.dossiers), len(world.dossiers)),
    )

    assert plan(shuffled) == plan(world)


def _shuffled(things: Mapping[int, V], choose: random.Random) -> dict[int, V]:
    return dict(choose.sample(list(things.items()), len(things)))


@how(max_examples=20, deadline=None)
@given(worlds())
def test_every_code_has_an_article_and_a_sentence(world: World) -> None:
    found = plan(world)

    assert {line.reason for line in found.lines} <= set(REASONS)
    assert {code for line in found.lines for code in line.warnings} <= set(WARNINGS)
    candidates = [one for choice in found.choices for one in choice.candidates]
    assert {code for one in candidates for code in one.against} <= set(AGAINST)
    assert {code for one in candidates for code in one.notes} <= set(NOTES)


def test_no_code_is_without_words_and_no_words_without_a_code() -> None:
    assert set(codes.Why) == set(REASONS)
    assert set(codes.Warn) == set(WARNINGS)
    assert set(codes.Against) == set(AGAINST)
    assert set(codes.Note) == set(NOTES)
    for reasons in (REASONS, WARNINGS, AGAINST, NOTES):
        assert all(reason.article and str(reason.sentence) for reason in reasons.values())
