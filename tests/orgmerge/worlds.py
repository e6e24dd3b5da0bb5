"""Worlds for the planner's tests: what a test is about is handed in, the rest is made up."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta

from orgmerge.planner.facts import (
    BodyShare,
    Decided,
    KnownBody,
    KnownCertificate,
    KnownDevice,
    KnownDossier,
    KnownSubscriber,
    PlannerLine,
    PlannerResult,
    Reply,
    Target,
    World,
)
from orgmerge.planner.names import key
from orgmerge.planner.planner import plan
from orgmerge.vocabulary import Extent, LineAction
from portal.agencies.levels import province_key

DAY = date(2026, 12, 1)
PROVINCE = "Tỉnh Lai Châu"
SUPERIOR = "UBND tỉnh Lai Châu"
TOP = 900  # the body above all others


@dataclass(slots=True)
class Making:
    """A world being made; its methods add one thing each and return the thing's key."""

    day: date = DAY
    bodies: dict[int, KnownBody] = field(default_factory=dict)
    targets: dict[int, Target] = field(default_factory=dict)
    shares: list[BodyShare] = field(default_factory=list)
    certificates: list[KnownCertificate] = field(default_factory=list)
    devices: list[KnownDevice] = field(default_factory=list)
    subscribers: list[KnownSubscriber] = field(default_factory=list)
    dossiers: list[KnownDossier] = field(default_factory=list)
    replies: dict[tuple[str, int], Reply] = field(default_factory=dict)
    decided: dict[tuple[str, int], Decided] = field(default_factory=dict)
    chosen: dict[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.bodies[TOP] = KnownBody(TOP, SUPERIOR, key(SUPERIOR), province_key(PROVINCE))

    def body(
        self,
        name: str,
        *,
        parent: int | None = TOP,
        province: str = PROVINCE,
        domain: str = "laichau.gov.vn",
        has_seal: bool = True,
    ) -> int:
        """A registered body."""
        pk = len(self.bodies) + 1
        self.bodies[pk] = KnownBody(
            pk, name, key(name), province_key(province), parent, domain, has_seal
        )
        return pk

    def target(
        self,
        name: str,
        *olds: int,
        agency: int | None = None,
        superior: str = SUPERIOR,
        province: str = PROVINCE,
        domain: str = "laichau.gov.vn",
        extent: str = Extent.WHOLE,
    ) -> int:
        """A described body, with a share of each of ``olds``."""
        pk = 500 + len(self.targets)
        self.targets[pk] = Target(
            pk, name, key(name), province_key(province), agency, key(superior), domain
        )
        self.shares += [BodyShare(old, pk, extent) for old in olds]
        return pk

    def dissolve(self, body: int) -> None:
        """The body ends without successor."""
        self.shares.append(BodyShare(body, None))

    def certificate(
        self,
        body: int,
        kind: str = "organisation",
        *,
        days: int = 700,
        subscriber: int | None = None,
        also: tuple[str, ...] = (SUPERIOR,),
        email: str = "",
        storage: str = "token",
        custody: str = "with_subscriber",
        condition: str = "ok",
        device_kind: str = "token",
        **columns: object,
    ) -> int:
        """A certificate naming its body, the province and ``also``; with its device when the key
        is on one."""
        pk = 1000 + len(self.certificates)
        holder = subscriber or self.subscriber(body, kind)
        fact = self.bodies[body]
        has_device = storage not in ("soft", "rssp")
        device = 2000 + len(self.devices) if has_device else None
        if device is not None:
            self.devices.append(
                KnownDevice(device, device_kind, body, custody, condition, holder, pk)
            )
        self.certificates.append(
            KnownCertificate(
                pk=pk,
                kind=kind,
                body=body,
                subscriber=holder,
                not_after=self.day + timedelta(days=days),
                names=frozenset({fact.key, fact.province, *map(key, also)}),
                email=email or f"a{pk}@{fact.email_domain}",
                storage=storage,
                device=device,
                **columns,  # type: ignore[arg-type]
            )
        )
        return pk

    def person(self, body: int, **columns: object) -> int:
        """A person's certificate."""
        return self.certificate(body, "person", **columns)  # type: ignore[arg-type]

    def subscriber(self, body: int, kind: str = "person") -> int:
        """Somebody or something that holds certificates."""
        pk = 3000 + len(self.subscribers)
        self.subscribers.append(KnownSubscriber(pk, kind, body))
        return pk

    def device(self, body: int, *, custody: str = "at_agency", condition: str = "ok") -> int:
        """A device without a certificate."""
        pk = 2000 + len(self.devices)
        self.devices.append(KnownDevice(pk, "token", body, custody, condition))
        return pk

    def dossier(self, body: int, form: str, state: str = "submitted") -> int:
        """A dossier that has not ended."""
        pk = 4000 + len(self.dossiers)
        self.dossiers.append(KnownDossier(pk, form, body, state))
        return pk

    def world(self) -> World:
        """Return what was made."""
        return World(
            day=self.day,
            bodies=self.bodies,
            targets=self.targets,
            shares=self.shares,
            certificates=self.certificates,
            devices=self.devices,
            subscribers=self.subscribers,
            dossiers=self.dossiers,
            replies=self.replies,
            decided=self.decided,
            chosen=self.chosen,
        )

    def plan(self) -> PlannerResult:
        """Return the plan of what was made."""
        return plan(self.world())

    def device_of(self, certificate: int) -> int:
        """Return the key of the device that carries a certificate."""
        found = next(one.device for one in self.certificates if one.pk == certificate)
        assert found is not None
        return found

    def holder_of(self, certificate: int) -> int:
        """Return the key of whoever holds a certificate."""
        return next(one.subscriber for one in self.certificates if one.pk == certificate)


@dataclass(slots=True)
class Seen:
    """A plan to be asked about single things."""

    plan: PlannerResult

    def line(self, about: str, pk: int) -> PlannerLine:
        """Return the one line about a thing."""
        (found,) = [one for one in self.plan.lines if (one.about, one.pk) == (about, pk)]
        return found

    def certificate(self, pk: int) -> PlannerLine:
        return self.line("certificate", pk)

    def device(self, pk: int) -> PlannerLine:
        return self.line("device", pk)

    def subscriber(self, pk: int) -> PlannerLine:
        return self.line("subscriber", pk)

    def dossier(self, pk: int) -> PlannerLine:
        return self.line("dossier", pk)

    def body(self, pk: int) -> PlannerLine:
        return self.line("body", pk)


def seen(making: Making) -> Seen:
    """Return the plan of ``making``, to be asked."""
    return Seen(making.plan())


def said(line: PlannerLine) -> tuple[str, str, str]:
    """Return what a line does, by which form and why."""
    return line.action, line.form, line.reason


def acts(found: PlannerResult) -> list[PlannerLine]:
    """Return the lines about which something is done."""
    return [line for line in found.lines if line.action != LineAction.KEEP]
