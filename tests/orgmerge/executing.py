"""What the world is after a plan was carried out, without carrying it out: for property tests."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from orgmerge.planner.facts import (
    BodyShare,
    Decided,
    KnownBody,
    KnownCertificate,
    KnownDevice,
    PlannerLine,
    PlannerResult,
    Target,
    World,
)
from orgmerge.planner.planner import plan
from orgmerge.vocabulary import Extent, LineAbout, LineAction

_FOUNDED = 10_000  # keys of the bodies that a merger founds
_NEW = 1_000_000  # keys of what comes into being


def settled(world: World) -> tuple[World, PlannerResult]:
    """Return ``world`` with every open choice made, as proposed, and its plan without open lines.

    What the machine leaves to people goes to the first target, or ends where there is none.
    """
    for _round in range(8):
        found = plan(world)
        chosen = dict(world.chosen)
        chosen |= {one.target: one.proposed or 0 for one in found.choices if not one.is_made}
        decided = dict(world.decided)
        waiting = [
            line
            for line in found.lines
            if line.is_open and line.about != LineAbout.BODY and not _follows_a_choice(line)
        ]
        # A certificate first: what is said of it tells where its holder goes.
        of_certificates = [line for line in waiting if line.about == LineAbout.CERTIFICATE]
        decided |= {
            (line.about, line.pk): _decision(line, world) for line in of_certificates or waiting
        }
        if (chosen, decided) == (world.chosen, world.decided):
            return world, found
        world = replace(world, chosen=chosen, decided=decided)
    raise AssertionError("choices never end")


def _follows_a_choice(line: PlannerLine) -> bool:
    return line.reason in ("survivor", "merged", "to_new_clerk", "name_kept") or (
        line.about == LineAbout.DEVICE
        and line.action != LineAction.SETTLE
        and line.reason != "district"
    )


_PROPOSED = ("namesake", "title_stays", "district")


def _decision(line: PlannerLine, world: World) -> Decided:
    home = min(world.targets, default=None)
    if line.action == LineAction.SETTLE and home is not None:
        is_certificate = line.about == LineAbout.CERTIFICATE
        return Decided(LineAction.CHANGE if is_certificate else LineAction.HAND_OVER, to=home)
    if line.about == LineAbout.CERTIFICATE and line.reason in _PROPOSED:
        is_kept = line.action in (LineAction.KEEP, LineAction.CHANGE)
        return Decided(LineAction.KEEP if is_kept else line.action, to=line.sender)
    if line.about in (LineAbout.SUBSCRIBER, LineAbout.DOSSIER):
        is_going = line.sender is not None
        going = LineAction.HAND_OVER if line.about == LineAbout.SUBSCRIBER else line.action
        return Decided(going if is_going else LineAction.KEEP, to=line.sender)
    if line.about == LineAbout.DEVICE:
        return Decided(LineAction.RETURN)
    return Decided(LineAction.REVOKE, to=line.sender)


class Execution:
    """One carrying out; ``world()`` is what comes of it."""

    def __init__(self, before: World, of: PlannerResult) -> None:
        self.before = before
        self.lines = {(line.about, line.pk): line for line in of.lines}
        self.targets = {pk: self._founded(one) for pk, one in before.targets.items()}
        self.new_certificates: list[KnownCertificate] = []
        self.new_devices: list[KnownDevice] = []
        self.carried: dict[int, int] = {}  # device → certificate issued last on it

    def world(self) -> World:
        """Return the world afterwards."""
        certificates = [self._certificate(one) for one in self.before.certificates]
        for line in list(self.lines.values()):
            if line.action == LineAction.ISSUE and line.about != LineAbout.CERTIFICATE:
                self._issue(line)
        devices = [self._device(one) for one in self.before.devices]
        return replace(
            self.before,
            bodies=dict(self.before.bodies) | self._bodies(),
            targets=self.targets,
            decided=dict(self.before.decided) | self._decided_of_the_new(),
            shares=[*self.before.shares, *self._own_shares()],
            certificates=certificates + self.new_certificates,
            devices=devices + self.new_devices,
            subscribers=[
                replace(one, body=self._place(LineAbout.SUBSCRIBER, one.pk, one.body))
                for one in self.before.subscribers
            ],
            dossiers=[
                replace(one, body=self._place(LineAbout.DOSSIER, one.pk, one.body))
                for one in self.before.dossiers
                if self.lines[LineAbout.DOSSIER, one.pk].action != LineAction.REFILE
            ],
        )

    def _founded(self, target: Target) -> Target:
        return replace(target, agency=target.agency or _FOUNDED + target.pk)

    def _bodies(self) -> dict[int, KnownBody]:
        by_key = {one.key: pk for pk, one in self.before.bodies.items()}
        by_key |= {one.key: one.agency or 0 for one in self.targets.values()}
        found: dict[int, KnownBody] = {}
        for target in self.targets.values():
            assert target.agency is not None
            old = self.before.bodies.get(target.agency) or next(iter(self.before.bodies.values()))
            found[target.agency] = replace(
                old,
                pk=target.agency,
                name=target.name,
                key=target.key,
                province=target.province,
                parent=by_key.get(target.superior, old.parent),
                email_domain=target.email_domain,
                has_seal=True,
            )
        return found

    def _own_shares(self) -> list[BodyShare]:
        said = {(share.old, share.new) for share in self.before.shares}
        return [
            BodyShare(one.agency, pk, Extent.WHOLE)
            for pk, one in self.targets.items()
            if one.agency is not None
            and self.before.targets[pk].agency is None
            and (one.agency, pk) not in said
        ]

    def _place(self, about: str, pk: int, body: int) -> int:
        line = self.lines[about, pk]
        if line.action in (LineAction.KEEP, LineAction.SETTLE) or line.sender is None:
            return body
        return self.targets[line.sender].agency or body

    def _certificate(self, one: KnownCertificate) -> KnownCertificate:
        line = self.lines[LineAbout.CERTIFICATE, one.pk]
        body = one.body
        if one.kind != "organisation":
            body = self._heir(line)
        if line.action == LineAction.CHANGE:
            assert line.sender is not None
            self.new_certificates.append(self._changed(one, self.targets[line.sender], body))
            return replace(one, is_superseded=True, is_revoked=True, body=body, pending=())
        if line.action == LineAction.ISSUE:
            assert line.sender is not None
            fresh = self._fresh(one.pk, one.kind, one.subscriber, line.sender, one.storage)
            self.new_certificates.append(fresh)
        is_ended = line.action == LineAction.REVOKE or line.reason == "revocation_pending"
        return replace(one, is_revoked=one.is_revoked or is_ended, body=body, pending=())

    def _decided_of_the_new(self) -> dict[tuple[str, int], Decided]:
        """What was decided of a certificate is so of the one it was changed to."""
        return {
            (LineAbout.CERTIFICATE, pk + _NEW): Decided(LineAction.KEEP, one.to)
            for (about, pk), one in self.before.decided.items()
            if about == LineAbout.CERTIFICATE and one.action in (LineAction.CHANGE, LineAction.KEEP)
        }

    def _heir(self, line: PlannerLine) -> int:
        """Whose a person's certificate is afterwards."""
        target = line.sender
        shares = [share for share in self.before.shares if share.old == line.body]
        if target is None and len(shares) == 1 and shares[0].extent == Extent.WHOLE:
            target = shares[0].new
        if target is None or line.reason in ("moves_outside", "not_involved"):
            return line.body
        return self.targets[target].agency or line.body

    def _email(self, certificate: int, subscriber: int, otherwise: str) -> str:
        replies = self.before.replies
        said = replies.get((LineAbout.CERTIFICATE, certificate))
        said = said or replies.get((LineAbout.SUBSCRIBER, subscriber))
        return said.email if said and said.email else otherwise

    def _changed(self, one: KnownCertificate, target: Target, body: int) -> KnownCertificate:
        email = self._email(one.pk, one.subscriber, f"a{one.pk}@{target.email_domain}")
        if one.device is not None:
            self.carried[one.device] = one.pk + _NEW
        return replace(
            one,
            pk=one.pk + _NEW,
            names=frozenset({target.key, target.province, target.superior} - {""}),
            email=email,
            body=body,
            shows_title=False,
            pending=(),
        )

    def _issue(self, line: PlannerLine) -> None:
        assert line.sender is not None
        if line.about == LineAbout.BODY:
            holder, kind = -line.pk, "organisation"
        else:
            holder = line.pk
            kind = next(one.kind for one in self.before.subscribers if one.pk == holder)
        fresh = self._fresh(line.pk, kind, holder, line.sender, "token")
        self.new_certificates.append(fresh)

    def _fresh(
        self, pk: int, kind: str, subscriber: int, sender: int, storage: str
    ) -> KnownCertificate:
        target = self.targets[sender]
        assert target.agency is not None
        device = None
        new = 2 * _NEW + len(self.new_certificates)
        if storage not in ("soft", "rssp"):
            device = new + _NEW
            custody = "with_subscriber"
            self.new_devices.append(
                KnownDevice(device, "token", target.agency, custody, "ok", subscriber, new)
            )
        return KnownCertificate(
            pk=new,
            kind=kind,
            body=target.agency,
            subscriber=subscriber,
            not_after=self.before.day + timedelta(days=1800),
            names=frozenset({target.key, target.province, target.superior} - {""}),
            email=self._email(pk, subscriber, f"b{pk}@{target.email_domain}"),
            storage=storage,
            device=device,
        )

    def _device(self, one: KnownDevice) -> KnownDevice:
        line = self.lines[LineAbout.DEVICE, one.pk]
        one = replace(one, certificate=self.carried.get(one.pk, one.certificate))
        match line.action:
            case LineAction.RETURN:
                return replace(one, custody="at_ca")
            case LineAction.REPORT_LOSS:
                return replace(one, condition="lost")
            case LineAction.RECOVER:
                return replace(one, condition="ok", body=self._place("device", one.pk, one.body))
            case LineAction.HAND_OVER:
                return replace(one, body=self._place("device", one.pk, one.body))
        return one


def executed(world: World, of: PlannerResult) -> World:
    """Return what ``world`` is after everything of a plan was carried out."""
    return Execution(world, of).world()
