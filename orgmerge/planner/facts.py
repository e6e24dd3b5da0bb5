"""What the planner knows: bodies, certificates, devices, subscribers, dossiers as plain values.

No ORM. Keys (``pk``) are the database's; ``Target.pk`` is the described body's. Names are already
made comparable by ``orgmerge.planner.names.key``.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date


@dataclass(frozen=True, slots=True)
class KnownBody:
    """A registered body as it is before the effective date."""

    pk: int
    name: str
    key: str  # names.key(name)
    province: str  # province_key
    parent: int | None = None
    email_domain: str = ""
    has_seal: bool = True


@dataclass(frozen=True, slots=True)
class Target:
    """A body as the decision describes it from the effective date on.

    ``agency`` is the registered body that lives on in it (name kept, renamed, other superior);
    None when it is founded. ``kind`` is computed by ``names.kind_of``.
    """

    pk: int
    name: str
    key: str
    province: str
    agency: int | None = None
    superior: str = ""  # names.key of the superior's name
    email_domain: str = ""
    superior_unknown: bool = False  # its superior is divided or ends: a person has to say


@dataclass(frozen=True, slots=True)
class BodyShare:
    """A registered body passes to a target, whole or partly; None: it ends without successor.

    ``is_implied``: nobody said so, it follows from what becomes of its superior.
    """

    old: int
    new: int | None
    extent: str = "whole"
    is_implied: bool = False


@dataclass(frozen=True, slots=True)
class KnownCertificate:
    """One certificate of a body involved.

    ``names`` are the subject's organisation levels, locality and, of an organisation, its own name,
    each made comparable.
    """

    pk: int
    kind: str  # person | organisation | system
    body: int
    subscriber: int
    not_after: date
    names: frozenset[str]
    email: str = ""
    storage: str = "token"
    device: int | None = None
    renewals: int = 0
    is_revoked: bool = False
    is_superseded: bool = False
    shows_title: bool = False  # C10: a title in the subject
    pending: tuple[str, ...] = ()  # forms ("04", "05"…) of open dossiers about it


@dataclass(frozen=True, slots=True)
class KnownDevice:
    """One key device of a body involved."""

    pk: int
    kind: str
    body: int
    custody: str
    condition: str
    subscriber: int | None = None
    certificate: int | None = None  # issued last on it


@dataclass(frozen=True, slots=True)
class KnownSubscriber:
    """A person, an organisation or a system of a body involved."""

    pk: int
    kind: str
    body: int
    name: str = ""


@dataclass(frozen=True, slots=True)
class KnownDossier:
    """A dossier that has not ended."""

    pk: int
    form: str
    body: int
    state: str


@dataclass(frozen=True, slots=True)
class Reply:
    """What the body, or a person settling the line, said of one thing.

    ``to`` is a Target for ``moves``; ``email`` a new address.
    """

    answer: str
    to: int | None = None
    email: str = ""
    unit: str = ""
    position: str = ""


@dataclass(frozen=True, slots=True)
class Decided:
    """What a person settled of a line that the machine leaves to people."""

    action: str
    to: int | None = None


@dataclass(slots=True)
class World:
    """Everything a plan is made from. ``day`` is the day the plan is judged on: the effective day,
    or the day of planning when that is later.

    The world of a part of the bodies knows all of ``bodies``, ``targets`` and ``shares``, of the
    rest what the bodies of the part have; ``part`` are the targets that it is to plan.
    """

    day: date
    bodies: Mapping[int, KnownBody] = field(default_factory=dict)
    targets: Mapping[int, Target] = field(default_factory=dict)
    shares: Sequence[BodyShare] = ()
    certificates: Sequence[KnownCertificate] = ()
    devices: Sequence[KnownDevice] = ()
    subscribers: Sequence[KnownSubscriber] = ()
    dossiers: Sequence[KnownDossier] = ()
    # By (about, pk): answers of the review round, decisions of the office.
    replies: Mapping[tuple[str, int], Reply] = field(default_factory=dict)
    decided: Mapping[tuple[str, int], Decided] = field(default_factory=dict)
    # Target → the certificate chosen to live on; 0: none, a new one is asked for.
    chosen: Mapping[int, int] = field(default_factory=dict)
    part: Collection[int] | None = None  # None: all targets


@dataclass(slots=True)
class PlannerLine:
    """What is to be done about one thing.

    A plan of 10,000 bodies has a million of them, and a frozen one takes three times as long to
    make; nothing changes them.
    """

    about: str
    pk: int
    body: int  # whose it is now (a target's pk for lines about a target)
    action: str
    reason: str  # code; its sentence and article stand in ``orgmerge.planner.reasons``
    stage: int
    form: str = ""
    sender: int | None = None  # the target that files, None where nobody does
    successor: int | None = None  # the certificate that lives on instead
    is_open: bool = False  # waits for a choice
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Candidate:
    """A certificate that could live on under the new name, and what speaks against it."""

    certificate: int
    rank: int  # from 1; 0 when it falls out
    against: tuple[str, ...] = ()  # codes: why it falls out
    notes: tuple[str, ...] = ()  # codes: what to know when it is chosen


@dataclass(frozen=True, slots=True)
class PlannerChoice:
    """Which certificate lives on under a target: the person decides, ``proposed`` is the first."""

    target: int
    candidates: tuple[Candidate, ...]
    proposed: int | None
    chosen: int | None = None  # 0: none
    is_made: bool = False


@dataclass(slots=True)
class PlannerResult:
    """Each thing in exactly one line, and the choices that are a person's."""

    lines: list[PlannerLine]
    choices: list[PlannerChoice]
