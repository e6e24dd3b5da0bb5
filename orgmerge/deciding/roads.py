"""Where each body goes, and what of its names ends on the way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from orgmerge.codes import Why
from orgmerge.facts import Body, Certificate, Decided, Device, Reply, Share, Target, World
from orgmerge.names import key
from orgmerge.words import About, Action, Extent

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
_GOING_ON = frozenset({Action.CHANGE, Action.ISSUE, Action.HAND_OVER})


class Fate(StrEnum):
    """What becomes of a body on the effective day."""

    GOES_ON = "goes_on"  # as itself: kept, renamed or under another superior
    ABSORBED = "absorbed"  # whole into another
    SPLIT = "split"  # ends, parts go to several
    DIVIDED = "divided"  # goes on as itself, parts go to others
    DISSOLVED = "dissolved"
    OUTSIDE = "outside"  # nothing is said of it


@dataclass(frozen=True, slots=True)
class Road:
    """Where a body goes. ``home`` is where what it has goes when nobody says otherwise; ``own``
    the target it is itself; ``heirs`` all it goes to, in order."""

    body: int
    fate: Fate
    home: Target | None = None
    own: Target | None = None
    heirs: tuple[Target, ...] = ()

    @property
    def sender(self) -> int | None:
        """Who files what concerns the body's past: any successor, None when there is none."""
        heir = self.home or self.own or (self.heirs[0] if self.heirs else None)
        return heir.pk if heir else None


@dataclass(frozen=True, slots=True)
class Passage:
    """What ends in the names of a body's certificates when they go over to ``target``."""

    target: Target
    old_names: frozenset[str]  # of the bodies themselves, none when the name stays
    old_superiors: frozenset[str]
    old_province: str  # "" when it stays
    known: frozenset[str]  # names that may stand in a certificate and end nowhere
    old_domain: str  # "" when the mailboxes stay
    districts_ended: bool

    def changes(self, certificate: Certificate, new_email: str = "") -> list[Why]:
        """Return what in ``certificate`` ends, the weightiest first; [] when nothing does."""
        names, found = certificate.names, []
        if self.target.key not in names and self._name_ends(certificate):
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

    def _name_ends(self, certificate: Certificate) -> bool:
        if certificate.kind == "organisation":
            return bool(certificate.names)
        return not self.old_names.isdisjoint(certificate.names)

    def _superior_ends(self, names: frozenset[str]) -> bool:
        if not self.old_superiors.isdisjoint(names):
            return True
        if not self.districts_ended:
            return False
        return any(name.startswith(_DISTRICTS) for name in names - self.known)


class Atlas:
    """A world with what is looked up in it, and the roads of its bodies, each worked out once."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.devices: dict[int, Device] = {device.pk: device for device in world.devices}
        self.is_silent = not world.replies and not world.decided  # nobody has said anything
        self.shares: dict[int, list[Share]] = {}
        self.sources: dict[int, list[Share]] = {}
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
        self._roads: dict[int, Road] = {}
        self._passages: dict[tuple[int, int], Passage] = {}
        self._chains: dict[int, tuple[frozenset[str], bool]] = {}

    def road(self, body: int) -> Road:
        """Return where ``body`` goes."""
        if body not in self._roads:
            self._roads[body] = self._road(body)
        return self._roads[body]

    def passage(self, body: int, target: Target) -> Passage:
        """Return what ends when something of ``body`` goes over to ``target``."""
        found = self._passages.get((body, target.pk))
        if found is None:
            found = self._passages[body, target.pk] = self._passage(body, target)
        return found

    def parent_key(self, body: int) -> str:
        """Return the name of a body's superior, "" when it is not known."""
        return next((one.key for one in self._above(body)), "")

    def device_of(self, certificate: Certificate) -> Device | None:
        """Return the device that carries a certificate."""
        return self.devices.get(certificate.device) if certificate.device else None

    def reply(self, about: str, pk: int) -> Reply | None:
        """Return what was answered of one thing."""
        return self.world.replies.get((about, pk))

    def _road(self, body: int) -> Road:
        own = self.own.get(body)
        shares = self.shares.get(body, [])
        if not shares:
            return self._road_without_a_word(body, own)
        heirs = tuple(
            self.world.targets[share.new]
            for share in shares
            if share.new is not None and share.new in self.world.targets
        )
        if len(shares) == 1 and shares[0].extent == Extent.WHOLE:
            if not heirs:
                return Road(body, Fate.DISSOLVED)
            is_itself = heirs[0].agency == body
            fate = Fate.GOES_ON if is_itself else Fate.ABSORBED
            return Road(body, fate, home=heirs[0], own=own, heirs=heirs)
        fate = Fate.DIVIDED if own else Fate.SPLIT
        return Road(body, fate, own=own, heirs=heirs)

    def _road_without_a_word(self, body: int, own: Target | None) -> Road:
        if own is not None:
            return Road(body, Fate.GOES_ON, home=own, own=own, heirs=(own,))
        fact = self.world.bodies.get(body)
        if fact is None or fact.has_seal or fact.parent is None:
            return Road(body, Fate.OUTSIDE)
        # A unit without a seal is its superior's, and goes where that goes (DOMAIN 1.2).
        seen = {body}
        while fact is not None and fact.parent is not None and fact.parent not in seen:
            seen.add(fact.parent)
            if fact.parent in self.shares or fact.parent in self.own:
                above = self.road(fact.parent)
                return Road(body, above.fate, home=above.home, own=above.own, heirs=above.heirs)
            fact = self.world.bodies.get(fact.parent)
        return Road(body, Fate.OUTSIDE)

    def _passage(self, body: int, target: Target) -> Passage:
        fact = self.world.bodies.get(body)
        chain, is_whole_chain = self._chain(target)
        ended: set[str] = set()
        own = province = domain = ""
        if fact is not None:
            own, province, domain = fact.key, fact.province, fact.email_domain.lower()
            ended = self._ended_above(body, target, chain, is_whole_chain)
        is_unit = self._is_unit(body)
        before = self._absorbed_by(target) if body == target.agency else []
        new_domain = target.email_domain.lower()
        moves_house = bool(target.province) and province != target.province
        stays = {own} if own == target.key or is_unit else set()
        above = {one.key for one in self._above(body)} - ended
        same_province = {province} if not moves_house else set()
        return Passage(
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

    def _absorbed_by(self, target: Target) -> list[str]:
        """Return the names of the bodies that went into ``target``: once it is registered, what
        came from them is its own and may still name them."""
        olds = [share.old for share in self.sources.get(target.pk, [])]
        return [self.world.bodies[old].key for old in olds if old in self.world.bodies]

    def _ended_above(
        self, body: int, target: Target, chain: frozenset[str], is_whole_chain: bool
    ) -> set[str]:
        """Return the names above ``body`` that don't stand above ``target``."""
        ended = set()
        first = 1 if self._is_unit(body) else 0
        for place, one in enumerate(self._above(body)):
            if one.key in chain or one.key == target.key:
                continue
            is_other_parent = place == first and bool(target.superior)
            if is_other_parent or is_whole_chain or self._ends(one):
                ended.add(one.key)
        return ended

    def _is_unit(self, body: int) -> bool:
        """Say whether ``body`` goes along with its superior, keeping its own name."""
        fact = self.world.bodies.get(body)
        return (
            fact is not None
            and not fact.has_seal
            and body not in self.shares
            and body not in self.own
        )

    def _ends(self, body: Body) -> bool:
        road = self.road(body.pk)
        if road.fate == Fate.GOES_ON:
            return road.own is not None and road.own.key != body.key
        return road.fate not in (Fate.OUTSIDE, Fate.DIVIDED)

    def _chain(self, target: Target) -> tuple[frozenset[str], bool]:
        """Return the names of ``target``'s superior and those above it, its province, and whether
        the top is known."""
        if target.pk not in self._chains:
            names, is_whole = self._climb(target)
            self._chains[target.pk] = frozenset(names | {target.province} - {""}), is_whole
        return self._chains[target.pk]

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

    def _above(self, body: int) -> Iterator[Body]:
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
        decided = world.decided.get((About.CERTIFICATE, certificate.pk))
        if decided is not None and decided.to is not None and decided.action in _GOING_ON:
            found[certificate.subscriber] = decided
    return found


def _order(share: Share) -> tuple[int, int, str]:
    return share.old, -1 if share.new is None else share.new, share.extent
