"""What becomes of each body: who succeeds it, and which of its names end."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

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
from orgmerge.planner.names import key
from orgmerge.vocabulary import Extent, LineAbout, LineAction

# The district level ended on 01/7/2025 (DOMAIN 9): a certificate that still names one names a
# superior that is no more, whoever the register says stands above the body today.
DISTRICTS_ENDED_ON = date(2025, 7, 1)
_DISTRICT_KINDS = ("huyện", "quận", "thị xã")
_DISTRICTS = tuple(
    f"{key(words)} "
    for words in (
        *(f"{organ}{kind}" for organ in ("", "UBND ", "HĐND ") for kind in _DISTRICT_KINDS),
        "huyện ủy",
        "quận ủy",
        "thị ủy",
    )
)
# Decisions that say where the holder of a certificate goes.
_GOING_ON = frozenset({LineAction.CHANGE, LineAction.ISSUE, LineAction.HAND_OVER})


class BodyChange(StrEnum):
    """What becomes of a body on the effective day."""

    GOES_ON = "goes_on"  # as itself: kept, renamed or under another superior
    ABSORBED = "absorbed"  # whole into another
    SPLIT = "split"  # ends, parts go to several
    DIVIDED = "divided"  # goes on as itself, parts go to others
    DISSOLVED = "dissolved"
    OUTSIDE = "outside"  # nothing is said of it


@dataclass(frozen=True, slots=True)
class BodyOutcome:
    """What becomes of a body. What it has passes to ``successor`` unless somebody says otherwise;
    ``own`` is the target it is itself, ``successors`` are all it passes to, in order."""

    body: int
    change: BodyChange
    successor: Target | None = None
    own: Target | None = None
    successors: tuple[Target, ...] = ()

    @property
    def sender(self) -> int | None:
        """Who files what concerns the body's past: any successor, None when there is none."""
        found = self.successor or self.own or (self.successors[0] if self.successors else None)
        return found.pk if found else None


@dataclass(frozen=True, slots=True)
class NameChanges:
    """What ends in the names of a body's certificates when they pass to ``target``."""

    target: Target
    old_names: frozenset[str]  # of the bodies themselves, none when the name stays
    old_superiors: frozenset[str]
    old_province: str  # "" when it stays
    known: frozenset[str]  # names that may stand in a certificate and end nowhere
    old_domain: str  # "" when the mailboxes stay
    districts_ended: bool

    def changes(self, certificate: KnownCertificate, new_email: str = "") -> list[Why]:
        """Return what in ``certificate`` ends, the weightiest first; [] when nothing does."""
        names, found = certificate.names, []
        if self.target.key not in names and (
            bool(certificate.names)
            if certificate.kind == "organisation"
            else not self.old_names.isdisjoint(certificate.names)
        ):
            found.append(Why.AGENCY_RENAMED)
        if not names <= self.known:
            if self._superior_ends(names):
                found.append(Why.SUPERIOR_CHANGES)
            if self.old_province and self.old_province in names:
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

    def _superior_ends(self, names: frozenset[str]) -> bool:
        if not self.old_superiors.isdisjoint(names):
            return True
        if not self.districts_ended:
            return False
        return any(name.startswith(_DISTRICTS) for name in names - self.known)


class PlanningContext:
    """A world with its lookups, and what becomes of each of its bodies, worked out once."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.devices: dict[int, KnownDevice] = {device.pk: device for device in world.devices}
        self.is_silent = not world.replies and not world.decided  # nobody has said anything
        self.shares: dict[int, list[BodyShare]] = {}
        self.sources: dict[int, list[BodyShare]] = {}
        for share in sorted(world.shares, key=_order):
            self.shares.setdefault(share.old, []).append(share)
            if share.new is not None:
                self.sources.setdefault(share.new, []).append(share)
        self.own: dict[int, Target] = {
            target.agency: target for target in world.targets.values() if target.agency is not None
        }
        self._by_name = {(one.key, one.province): one for one in world.bodies.values()}
        self._new_by_name = {(one.key, one.province): one for one in world.targets.values()}
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
            # The names of ``target``'s superior and those above it, its province, and whether the
            # top is known.
            if target.pk not in self._chains:
                names, is_whole = self._climb(target)
                self._chains[target.pk] = frozenset(names | {target.province} - {""}), is_whole
            chain, is_whole_chain = self._chains[target.pk]
            ended: set[str] = set()
            own = province = domain = ""
            if fact is not None:
                own, province, domain = fact.key, fact.province, fact.email_domain.lower()
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
            moves_house = bool(target.province) and province != target.province
            stays = {own} if own == target.key or is_unit else set()
            above = {one.key for one in self._above(body)} - ended
            same_province = {province} if not moves_house else set()
            found = self._name_changes[body, target.pk] = NameChanges(
                target=target,
                old_names=frozenset(
                    old for old in (*before, *(() if is_unit else (own,))) if old != target.key
                ),
                old_superiors=frozenset(ended - {target.key}),
                old_province=province if moves_house else "",
                known=frozenset(chain | stays | above | same_province | {target.key}),
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

    def _outcome(self, body: int) -> BodyOutcome:
        own = self.own.get(body)
        shares = self.shares.get(body, [])
        if not shares:
            return self._outcome_without_rows(body, own)
        successors = tuple(
            self.world.targets[share.new]
            for share in shares
            if share.new is not None and share.new in self.world.targets
        )
        if len(shares) == 1 and shares[0].extent == Extent.WHOLE:
            if not successors:
                return BodyOutcome(body, BodyChange.DISSOLVED)
            is_itself = successors[0].agency == body
            change = BodyChange.GOES_ON if is_itself else BodyChange.ABSORBED
            return BodyOutcome(
                body, change, successor=successors[0], own=own, successors=successors
            )
        change = BodyChange.DIVIDED if own else BodyChange.SPLIT
        return BodyOutcome(body, change, own=own, successors=successors)

    def _outcome_without_rows(self, body: int, own: Target | None) -> BodyOutcome:
        if own is not None:
            return BodyOutcome(body, BodyChange.GOES_ON, successor=own, own=own, successors=(own,))
        fact = self.world.bodies.get(body)
        if fact is None or fact.has_seal or fact.parent is None:
            return BodyOutcome(body, BodyChange.OUTSIDE)
        # A unit without a seal is its superior's, and goes where that goes (DOMAIN 1.2).
        seen = {body}
        while fact is not None and fact.parent is not None and fact.parent not in seen:
            seen.add(fact.parent)
            if fact.parent in self.shares or fact.parent in self.own:
                above = self.outcome(fact.parent)
                return BodyOutcome(
                    body,
                    above.change,
                    successor=above.successor,
                    own=above.own,
                    successors=above.successors,
                )
            fact = self.world.bodies.get(fact.parent)
        return BodyOutcome(body, BodyChange.OUTSIDE)

    def _is_unit(self, body: int) -> bool:
        """Say whether ``body`` goes along with its superior, keeping its own name."""
        fact = self.world.bodies.get(body)
        return (
            fact is not None
            and not fact.has_seal
            and body not in self.shares
            and body not in self.own
        )

    def _ends(self, body: KnownBody) -> bool:
        outcome = self.outcome(body.pk)
        if outcome.change == BodyChange.GOES_ON:
            return outcome.own is not None and outcome.own.key != body.key
        return outcome.change not in (BodyChange.OUTSIDE, BodyChange.DIVIDED)

    def _climb(self, target: Target) -> tuple[set[str], bool]:
        names: set[str] = set()
        superior = target.superior
        while superior and superior not in names:
            names.add(superior)
            above = self._new_by_name.get((superior, target.province))
            if above is not None:
                superior = above.superior
                continue
            found = self._by_name.get((superior, target.province))
            if found is None:
                return names, False
            top = list(self._above(found.pk))
            return names | {one.key for one in top}, True
        return names, False

    def _above(self, body: int) -> Iterator[KnownBody]:
        seen = {body}
        fact = self.world.bodies.get(body)
        while fact is not None and fact.parent is not None and fact.parent not in seen:
            seen.add(fact.parent)
            fact = self.world.bodies.get(fact.parent)
            if fact is not None:
                yield fact


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


def _order(share: BodyShare) -> tuple[int, int, str]:
    return share.old, -1 if share.new is None else share.new, share.extent
