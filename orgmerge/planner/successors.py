"""What becomes of each body: who succeeds it, and which of its names end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from itertools import islice
from typing import TypeVar

from orgmerge.planner import names
from orgmerge.planner.codes import Why
from orgmerge.planner.facts import (
    BodyShare,
    Decided,
    KnownBody,
    KnownCertificate,
    KnownDevice,
    Reply,
    Target,
    World,
)
from orgmerge.vocabulary import Extent, LineAbout, LineAction
from portal.agencies.tree import with_superiors

# The district level ended on 01/7/2025 (DOMAIN 9): a certificate that still names one names a
# superior that is no more, whoever the register says stands above the body today.
DISTRICTS_ENDED_ON = date(2025, 7, 1)
_ROOMS = tuple(f"{names.key(words)} " for words in ("phòng", "văn phòng"))
# Decisions that say where the holder of a certificate goes.
_GOING_ON = frozenset({LineAction.CHANGE, LineAction.ISSUE, LineAction.HAND_OVER})


_Named = TypeVar("_Named", KnownBody, Target)


class BodyChange(StrEnum):
    """What becomes of a body on the effective day."""

    GOES_ON = "goes_on"  # as itself: kept, renamed or under another superior
    ABSORBED = "absorbed"  # whole into another
    SPLIT = "split"  # ends, parts go to several
    DIVIDED = "divided"  # goes on as itself, parts go to others
    DISSOLVED = "dissolved"
    OUTSIDE = "outside"  # nothing is said of it


_ENDING = frozenset({BodyChange.ABSORBED, BodyChange.SPLIT, BodyChange.DISSOLVED})


@dataclass(frozen=True, slots=True)
class BodyOutcome:
    """What becomes of a body. What it has passes to ``successor`` unless somebody says otherwise;
    ``own`` is the target it is itself, ``successors`` are all it passes to, in order.

    ``namesake`` is the only successor of a divided body that bears its name and type (DOMAIN
    14.17), ``unit_of`` the body with which an office without a seal ends (14.21).
    """

    body: int
    change: BodyChange
    successor: Target | None = None
    own: Target | None = None
    successors: tuple[Target, ...] = ()
    namesake: Target | None = None
    shares_name: bool = False  # some of the successors bear the name and type
    is_district: bool = False  # always a person's choice (14.20)
    unit_of: int | None = None

    @property
    def sender(self) -> int | None:
        """Who files what concerns the body's past: any successor, None when there is none."""
        found = self.successor or self.namesake or self.own
        found = found or (self.successors[0] if self.successors else None)
        return found.pk if found else None

    @property
    def has_ended(self) -> bool:
        """Whether the body is no more."""
        return self.change in _ENDING


@dataclass(frozen=True, slots=True)
class NameChanges:
    """What ends in the names of a body's certificates when they pass to ``target``."""

    target: Target
    old_names: frozenset[str]  # of the bodies themselves, none when the name stays
    old_superiors: frozenset[str]
    old_provinces: frozenset[str]  # how L may write the province that ends, or its old kind
    known: frozenset[str]  # names that may stand in a certificate and end nowhere
    old_domain: str  # "" when the mailboxes stay
    districts_ended: bool

    def changes(self, certificate: KnownCertificate, new_email: str = "") -> list[Why]:
        """Return what in ``certificate`` ends, the weightiest first; [] when nothing does."""
        written, found = certificate.names, []
        if self.target.key not in written and (
            bool(certificate.names)
            if certificate.kind == "organisation"
            else not self.old_names.isdisjoint(certificate.names)
        ):
            found.append(Why.AGENCY_RENAMED)
        if not written <= self.known:
            if not self.old_superiors.isdisjoint(written) or (
                self.districts_ended
                and any(name.startswith(names.DISTRICTS) for name in written - self.known)
            ):
                found.append(Why.SUPERIOR_CHANGES)
            if not self.old_provinces.isdisjoint(written):
                found.append(Why.PROVINCE_CHANGES)
        if (new_email and new_email != certificate.email) or (
            self.old_domain and self.email_ends(certificate.email)
        ):
            found.append(Why.EMAIL_CHANGES)
        return found

    def email_ends(self, email: str) -> bool:
        """Say whether an address is one of the mailboxes that end."""
        if not self.old_domain or not email:
            return False
        domain = email.rpartition("@")[2].lower()
        return domain == self.old_domain or domain.endswith(f".{self.old_domain}")


class PlanningContext:
    """A world with its lookups, and what becomes of each of its bodies, worked out once."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.devices: dict[int, KnownDevice] = {device.pk: device for device in world.devices}
        self.is_silent = not world.replies and not world.decided  # nobody has said anything
        self.shares: dict[int, list[BodyShare]] = {}
        self.sources: dict[int, list[BodyShare]] = {}
        for share in sorted(world.shares, key=lambda one: (one.old, one.new or -1, one.extent)):
            self.shares.setdefault(share.old, []).append(share)
            if share.new is not None:
                self.sources.setdefault(share.new, []).append(share)
        self.own: dict[int, Target] = {
            target.agency: target for target in world.targets.values() if target.agency is not None
        }
        self._by_name = _unambiguous(
            one
            for one in world.bodies.values()
            if world.day < DISTRICTS_ENDED_ON or not self._is_of_district(one)
        )
        self._new_by_name = _unambiguous(world.targets.values())
        self.placed = _placed(world)
        self._outcomes: dict[int, BodyOutcome] = {}
        self._name_changes: dict[tuple[int, int], NameChanges] = {}
        self._chains: dict[int, tuple[frozenset[str], bool]] = {}

    def outcome(self, body: int) -> BodyOutcome:
        """Return where ``body`` goes."""
        if body not in self._outcomes:
            self._outcomes[body] = self._outcome(body)
        return self._outcomes[body]

    def name_changes(self, body: int, target: Target) -> NameChanges:
        """Return what ends when something of ``body`` passes to ``target``."""
        found = self._name_changes.get((body, target.pk))
        if found is None:
            fact = self.world.bodies.get(body)
            # The names of ``target``'s superior and those above it, and whether the top is known.
            if target.pk not in self._chains:
                above_it, is_whole = self._climb(target)
                self._chains[target.pk] = frozenset(above_it), is_whole
            chain, is_whole_chain = self._chains[target.pk]
            ended: set[str] = set()
            own = domain = ""
            if fact is not None:
                own, domain = fact.key, fact.email_domain.lower()
                # The names above ``body`` that don't stand above ``target``.
                first = 1 if self._is_unit(body) else 0
                for place, each in enumerate(self._above(body)):
                    if each.key in chain or each.key == target.key:
                        continue
                    is_other_parent = place == first and bool(target.superior)
                    if is_other_parent or is_whole_chain or self._ends(each):
                        ended.add(each.key)
            is_unit = self._is_unit(body)
            # The bodies that went into ``target``: once it is registered, what came from them is
            # its own and may still name them.
            came = self.sources.get(target.pk, []) if body == target.agency else []
            before = [
                self.world.bodies[one.old].key for one in came if one.old in self.world.bodies
            ]
            new_domain = target.email_domain.lower()
            stays = {own} if own == target.key or is_unit else set()
            above = {one.key for one in self._above(body)} - ended
            provinces = (
                names.wrong_localities(fact.province, target.province, chain | {target.key})
                if fact is not None and target.province
                else frozenset()
            )
            found = self._name_changes[body, target.pk] = NameChanges(
                target=target,
                old_names=frozenset(
                    old for old in (*before, *(() if is_unit else (own,))) if old != target.key
                ),
                old_superiors=frozenset(ended - {target.key}),
                old_provinces=provinces,
                known=frozenset(
                    {*chain, *stays, *above, target.key, *names.localities(target.province)}
                    - provinces
                ),
                old_domain=domain if new_domain and domain != new_domain else "",
                districts_ended=self.world.day >= DISTRICTS_ENDED_ON,
            )
        return found

    def parent_key(self, body: int) -> str:
        """Return the name of a body's superior, "" when it is not known."""
        return next((one.key for one in self._above(body)), "")

    def device_of(self, certificate: KnownCertificate) -> KnownDevice | None:
        """Return the device that carries a certificate."""
        return self.devices.get(certificate.device) if certificate.device else None

    def reply(self, about: str, pk: int) -> Reply | None:
        """Return what was answered of one thing."""
        return self.world.replies.get((about, pk))

    def bears_name(self, body: int, target: Target) -> bool:
        """Say whether ``target`` keeps the name of ``body``: the same name, type and level
        (DOMAIN 14.9, 14.23)."""
        fact = self.world.bodies.get(body)
        return (
            fact is not None
            and fact.key == target.key
            and self._is_of_district(fact) == self._is_district_after(target)
        )

    def _outcome(self, body: int) -> BodyOutcome:
        own = self.own.get(body)
        superior = self._ends_with(body)
        if superior is not None:
            return replace(self.outcome(superior), body=body, unit_of=superior)
        shares = self.shares.get(body, [])
        fact = self.world.bodies.get(body)
        is_district = fact is not None and self._is_of_district(fact)
        if not shares:
            if own is not None:
                return BodyOutcome(
                    body,
                    BodyChange.GOES_ON,
                    successor=own,
                    own=own,
                    successors=(own,),
                    is_district=is_district and not self._is_district_after(own),
                )
            return BodyOutcome(body, BodyChange.OUTSIDE)
        successors = tuple(
            self.world.targets[share.new]
            for share in shares
            if share.new is not None and share.new in self.world.targets
        )
        if len(shares) == 1 and shares[0].extent == Extent.WHOLE:
            if not successors:
                return BodyOutcome(body, BodyChange.DISSOLVED, is_district=is_district)
            is_itself = successors[0].agency == body
            return BodyOutcome(
                body,
                BodyChange.GOES_ON if is_itself else BodyChange.ABSORBED,
                successor=successors[0],
                own=own,
                successors=successors,
                is_district=is_district and not self._is_district_after(successors[0]),
            )
        namesakes = [one for one in successors if self.bears_name(body, one)]
        is_one = len(namesakes) == 1 and own in (None, namesakes[0])
        return BodyOutcome(
            body,
            BodyChange.DIVIDED if own else BodyChange.SPLIT,
            own=own,
            successors=successors,
            namesake=namesakes[0] if is_one else None,
            shares_name=bool(namesakes),
            is_district=is_district,
        )

    def _ends_with(self, body: int) -> int | None:
        """Return the body whose office ``body`` is and with which it goes: an office without a
        seal of its own, of which nobody said anything else (DOMAIN 1.2, 14.21)."""
        fact = self.world.bodies.get(body)
        if fact is None or fact.has_seal or fact.parent is None:
            return None
        shares = self.shares.get(body, ())
        is_said = any(not share.is_implied for share in shares)
        if is_said or (body in self.own and not shares):
            return None
        for superior in self._superiors(body):
            if superior in self.shares or superior in self.own:
                # Where the superior goes on, so does the office by the row that follows from it.
                goes_on = bool(shares) and not self.outcome(superior).has_ended
                return None if goes_on else superior
        return None

    def _is_of_district(self, body: KnownBody) -> bool:
        """Say whether it was a district's organ, or a room of one (DOMAIN 9)."""
        above = self.world.bodies.get(body.parent or 0)
        if names.is_district(body.key, body.province, above.key if above else ""):
            return True
        if above is None or not body.key.startswith(_ROOMS):
            return False
        top = self.world.bodies.get(above.parent or 0)
        return names.is_district(above.key, above.province, top.key if top else "")

    def _is_district_after(self, target: Target) -> bool:
        superior = target.superior if self.world.day < DISTRICTS_ENDED_ON else ""
        return names.is_district(target.key, target.province, superior)

    def _is_unit(self, body: int) -> bool:
        """Say whether ``body`` goes along with its superior, keeping its own name."""
        return self.outcome(body).unit_of is not None

    def _ends(self, body: KnownBody) -> bool:
        outcome = self.outcome(body.pk)
        if outcome.change == BodyChange.GOES_ON:
            return outcome.own is not None and outcome.own.key != body.key
        return outcome.change not in (BodyChange.OUTSIDE, BodyChange.DIVIDED)

    def _climb(self, target: Target) -> tuple[set[str], bool]:
        passed: set[str] = set()
        superior = target.superior
        while superior and superior not in passed:
            passed.add(superior)
            above = self._new_by_name.get((superior, target.province))
            if above is not None:
                superior = above.superior
                continue
            found = self._by_name.get((superior, target.province))
            own = self.world.bodies.get(target.agency or 0)
            its_own = self.world.bodies.get(own.parent or 0) if own else None
            if its_own is not None and its_own.key == superior:
                found = its_own  # that one is meant, whoever else is called so
            if found is None:
                return passed, False
            top = list(self._above(found.pk))
            return passed | {one.key for one in top}, True
        return passed, False

    def _above(self, body: int) -> Iterator[KnownBody]:
        bodies = self.world.bodies
        return (bodies[superior] for superior in self._superiors(body) if superior in bodies)

    def _superiors(self, body: int) -> Iterator[int]:
        """Yield the keys of what stands above ``body``, the last perhaps of no known body."""
        bodies = self.world.bodies
        upwards = with_superiors(body, lambda one: bodies[one].parent if one in bodies else None)
        return islice(upwards, 1, None)


def _unambiguous(some: Iterable[_Named]) -> dict[tuple[str, str], _Named]:
    """Return by name and province what bears it alone: of two nobody knows which is meant."""
    found: dict[tuple[str, str], _Named] = {}
    doubled = set()
    for one in some:
        if found.setdefault((one.key, one.province), one) is not one:
            doubled.add((one.key, one.province))
    return {named: one for named, one in found.items() if named not in doubled}


def _placed(world: World) -> dict[int, Decided]:
    """Return holder → where a person settled that a certificate of theirs goes on."""
    if not world.decided:
        return {}
    found = {}
    for certificate in sorted(world.certificates, key=lambda one: one.pk):
        decided = world.decided.get((LineAbout.CERTIFICATE, certificate.pk))
        if decided is not None and decided.to is not None and decided.action in _GOING_ON:
            found[certificate.subscriber] = decided
    return found
