"""Each line is checked once more before it opens a row: much may have changed since the plan."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Literal

from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from devices.lifecycle import Condition, Custody
from devices.models import Device
from orgmerge.filing.filers import Filer, Filers
from orgmerge.models import PlanLine
from orgmerge.planner import names
from orgmerge.planner.codes import Why
from orgmerge.planner.subjects import Subject, levels_named, new_values
from orgmerge.planner.validity import DAYS_LEFT_TO_ASK
from orgmerge.vocabulary import LineAbout, LineAction, LineState
from portal.agencies.models import Subscriber, SubscriberKind
from portal.ca.models import Certificate
from requests_app import kinds
from requests_app.kinds.base import EffectKind
from requests_app.models import Dossier, DossierItem, Outcome
from requests_app.workflow import ENDED, State

# What one form waits for, beside itself.
_WAITS_FOR = {
    EffectKind.RENEW_CHANGE: (EffectKind.RENEW_CHANGE, EffectKind.REVOKE),
}
_WITHOUT_END = (Outcome.NONE, Outcome.FAILED)


@dataclass(slots=True)
class OpenRows:
    """Open rows about some things, by the key they concern, for one effect."""

    effect: EffectKind
    rows: dict[int, list[DossierItem]] = field(default_factory=dict)

    def to_take_up(self, key: int | None, *, agency: int) -> DossierItem | None:
        """Return the body's own row that does what the plan wants done; None without one."""
        # A row of Mẫu 04 that only renews changes no name.
        return next(
            (
                row
                for row in self.rows.get(key or 0, ())
                if row.dossier.agency_id == agency
                and kinds.get(row.dossier.kind).effect is self.effect
                and (self.effect is not EffectKind.RENEW_CHANGE or bool(row.answers.get("changes")))
                and not hasattr(row, "plan_line")
            ),
            None,
        )

    def in_the_way(self, key: int | None, *, agency: int) -> Dossier | None:
        """Return the open dossier that has to end first; another body's draft asks for nothing."""
        return next(
            (
                row.dossier
                for row in self.rows.get(key or 0, ())
                if row.dossier.state != State.DRAFT or row.dossier.agency_id == agency
            ),
            None,
        )


def open_rows_about(keys: Collection[int], effect: EffectKind) -> OpenRows:
    """Return the open rows about the certificates and devices of ``keys``, in one query."""
    found = OpenRows(effect)
    about = Q(certificate__key__in=keys) | Q(device__key__in=keys)
    for row in open_rows(_WAITS_FOR.get(effect, (effect,))).filter(about):
        thing = row.certificate or row.device
        assert thing is not None
        found.rows.setdefault(thing.key_id or 0, []).append(row)
    return found


def open_rows(effects: Iterable[EffectKind]) -> QuerySet[DossierItem]:
    """Return the rows of dossiers that have not ended, drafts too, the newest first."""
    wanted = set(effects)
    codes = [kind.code for kind in kinds.KINDS.values() if kind.effect in wanted]
    rows = DossierItem.objects.filter(dossier__kind__in=codes, outcome__in=_WITHOUT_END)
    joined = rows.select_related("dossier", "certificate", "device", "plan_line")
    return joined.exclude(dossier__state__in=ENDED).order_by("-pk")


_ENDED = (LineState.DONE, LineState.OVERTAKEN)


@dataclass(slots=True)
class Holders:
    """The certificates that can be used for some time yet, of people, systems and bodies."""

    people: dict[int, Subscriber] = field(default_factory=dict)
    lasting: dict[int, list[Certificate]] = field(default_factory=dict)  # by subscriber
    ending: frozenset[int] = frozenset()  # of those, the ones still to be revoked by the plan
    newest: dict[int, Certificate] = field(default_factory=dict)  # by subscriber, in any state
    of_bodies: dict[int, list[Certificate]] = field(default_factory=dict)  # by agency
    told_lost: frozenset[int] = frozenset()

    def has_another(self, certificate: Certificate) -> bool:
        """Say whether the holder has a usable one beside this one and those to be revoked."""
        return any(
            one.key_id != certificate.key_id and one.pk not in self.ending
            for one in self.lasting.get(certificate.subscriber_id, ())
        )

    def has_organisation_certificate(self, filer: Filer) -> bool:
        """Say whether the body has one in its present name."""
        return any(
            names.same(one.common_name, filer.place.name) and one.pk not in self.ending
            for one in self.of_bodies.get(filer.agency.pk, ())
        )

    def provision_of(self, subscriber: Subscriber) -> Literal["without", "ending", "provided"]:
        """Say whether somebody is without, will be (Điều 21: only then a new one), or is not."""
        found = self.lasting.get(subscriber.pk, [])
        if not found:
            return "without"
        return "ending" if all(one.pk in self.ending for one in found) else "provided"

    def last_of(self, subscriber: Subscriber) -> Certificate | None:
        return self.newest.get(subscriber.pk)

    def is_told_lost(self, device: Device) -> bool:
        """Say whether minutes about the loss were sent already."""
        return device.pk in self.told_lost


def holders_of(
    filers: Filers,
    certificates: Iterable[Certificate],
    subscribers: Iterable[int],
    devices: Iterable[Device],
) -> Holders:
    """Return what is known of the holders of ``certificates``, of ``subscribers``, of the bodies
    and of lost ``devices``; a fixed number of queries."""
    asked = list(subscribers)
    wanted = {*asked, *(one.subscriber_id for one in certificates)}
    lasting = Certificate.objects.valid_at(filers.now).filter(
        not_after__gte=filers.now + timedelta(days=DAYS_LEFT_TO_ASK), successors=None
    )
    people = list(lasting.filter(subscriber__in=wanted).defer("der", "crl_entry"))
    bodies = lasting.filter(
        agency__in=[filer.agency.pk for filer in filers.by_body.values()],
        kind=SubscriberKind.ORGANISATION,
    )
    of_bodies = list(bodies.defer("der", "crl_entry"))
    lines = PlanLine.objects.filter(
        plan=filers.merger.approved_plan_id,
        about=LineAbout.CERTIFICATE,
        action=LineAction.REVOKE,
        target_id__in=[one.pk for one in [*people, *of_bodies]],
    )
    codes = [one.code for one in kinds.KINDS.values() if one.effect is EffectKind.RECORD_LOSS]
    sent = DossierItem.objects.filter(
        device__in=[one.pk for one in devices],
        dossier__kind__in=codes,
        dossier__state="completed",
    ).exclude(outcome=Outcome.REFUSED)
    newest: dict[int, Certificate] = {}
    if asked:
        theirs = Certificate.objects.filter(subscriber__in=asked).order_by("issued_at", "pk")
        joined = theirs.select_related("subscriber__organisation", "key__device", "agency")
        newest = {one.subscriber_id: one for one in joined.defer("crl_entry")}
    found = Holders(
        people=Subscriber.objects.in_bulk(asked) if asked else {},
        ending=frozenset(lines.exclude(state__in=_ENDED).values_list("target_id", flat=True)),
        newest=newest,
        told_lost=frozenset(sent.values_list("device_id", flat=True)),
    )
    for one in people:
        found.lasting.setdefault(one.subscriber_id, []).append(one)
    for one in of_bodies:
        found.of_bodies.setdefault(one.agency_id, []).append(one)
    return found


_GIVEN_BACK = frozenset({Custody.STOCK, Custody.AT_OFFICE, Custody.AT_CA, Custody.RETIRED})
_ISSUE_FORMS = {
    SubscriberKind.PERSON: "01",
    SubscriberKind.ORGANISATION: "02",
    SubscriberKind.SYSTEM: "03",
}


class Verdict(Enum):
    """What becomes of a line now."""

    OPEN = auto()  # a row is opened
    TAKEN_UP = auto()  # a row that stands already does it
    WAITS = auto()  # something else has to end first; said on the page
    NOT_YET = auto()  # its time has not come
    DONE = auto()  # what was to be done has been done
    OVERTAKEN = auto()  # it need not be done any more
    STUCK = auto()  # a person has to decide


@dataclass(slots=True)
class LineFinding:
    """What was found about a line, and what its row is to be written from."""

    line: PlanLine
    verdict: Verdict
    why: str = ""
    certificate: Certificate | None = None
    device: Device | None = None
    subscriber: Subscriber | None = None
    item: DossierItem | None = None
    answers: Mapping[str, str] = field(default_factory=dict)

    @property
    def storage(self) -> str:
        """Where the key is, or will be: letters of different routes lie apart."""
        if self.device is not None:
            return str(self.device.kind)
        return str(self.certificate.key.storage) if self.certificate else ""


def check_lines(lines: Sequence[PlanLine], filers: Filers) -> list[LineFinding]:
    """Return what becomes of each line, in their order; a fixed number of queries.

    The lines' ``action`` and ``form`` are set anew where another form is needed by now.
    """
    known = _RegisterNow.of(lines, filers)
    return [LineCheck(line, known, filers.by_body[line.sender_id or 0]).find() for line in lines]


@dataclass(slots=True)
class _RegisterNow:
    """The register's present word about everything the lines name."""

    filers: Filers
    certificates: dict[int, Certificate]  # the newest on the key of the one the line names
    devices: dict[int, Device]
    holders: Holders
    open_rows: Mapping[EffectKind, OpenRows]

    @classmethod
    def of(cls, lines: Iterable[PlanLine], filers: Filers) -> _RegisterNow:
        by_about: dict[str, list[int]] = {}
        for line in lines:
            by_about.setdefault(line.about, []).append(line.target_id)
        # Certificate → the one issued last on its key.
        named = dict(
            Certificate.objects.filter(
                pk__in=list(by_about.get(LineAbout.CERTIFICATE, ()))
            ).values_list("pk", "key_id")
        )
        found = Certificate.objects.filter(key__in=named.values()).order_by("issued_at", "pk")
        newest = {
            one.key_id: one
            for one in found.select_related(
                "subscriber__organisation", "key__device", "agency"
            ).defer("crl_entry")
        }
        certificates = {pk: newest[key] for pk, key in named.items()}
        devices = Device.objects.select_related("subscriber", "key").in_bulk(
            by_about.get(LineAbout.DEVICE, [])
        )
        keys = {one.key_id for one in certificates.values()}
        keys |= {one.key_id for one in devices.values() if one.key_id is not None}
        effects = (
            EffectKind.RENEW_CHANGE,
            EffectKind.REVOKE,
            EffectKind.RECOVER,
            EffectKind.GIVE_BACK,
            EffectKind.RECORD_LOSS,
        )
        return cls(
            filers=filers,
            certificates=certificates,
            devices=devices,
            holders=holders_of(
                filers,
                certificates.values(),
                by_about.get(LineAbout.SUBSCRIBER, ()),
                devices.values(),
            ),
            open_rows={effect: open_rows_about(keys, effect) for effect in effects},
        )


@dataclass(frozen=True, slots=True)
class LineCheck:
    """One line, what the register knows by now, and who files it; it returns the finding."""

    line: PlanLine
    known: _RegisterNow
    filer: Filer

    def find(self) -> LineFinding:
        if self.line.about == LineAbout.BODY:
            return self.of_body()
        if self.line.about == LineAbout.SUBSCRIBER:
            return self.of_subscriber()
        if self.line.about == LineAbout.DEVICE:
            return _DEVICES[self.line.action](self)
        return _CERTIFICATES[self.line.action](self)

    def change(self) -> LineFinding:
        now = self.known.filers.now
        one = self.known.certificates[self.line.target_id]
        if one.revoked_at is not None:
            return LineFinding(self.line, Verdict.OVERTAKEN, _("Chứng thư đã bị thu hồi."))
        reply = self.known.filers.reply_of(one, self.line.target_id)
        answers = new_values(subject_now(one), self.filer.place, unit=reply.unit, email=reply.email)
        if not answers:
            return LineFinding(self.line, Verdict.DONE, _("Chứng thư đã mang thông tin mới."))
        if days_left(one, now) < DAYS_LEFT_TO_ASK:
            # R08, DOMAIN 14.2: too late to change, so a new one is asked for; what waits for it
            # waits.
            each = self.known.certificates[self.line.target_id]
            self.line.action, self.line.form = (
                LineAction.ISSUE,
                _ISSUE_FORMS[SubscriberKind(each.kind)],
            )
            self.line.reason = Why.TOO_LATE_TO_CHANGE
            return self.issue()
        device = getattr(one.key, "device", None)
        if device is not None and device.condition in (Condition.LOST, Condition.DAMAGED):
            why = _("Thiết bị %(state)s nên không cài được chứng thư mới.")
            said = str(Condition(device.condition).label).lower()
            return LineFinding(self.line, Verdict.STUCK, why % {"state": said})
        return _unless_open_already(
            LineFinding(self.line, Verdict.OPEN, certificate=one, answers=answers),
            one.key_id,
            self.known,
            self.filer,
        )

    def issue(self) -> LineFinding:
        one = self.known.certificates[self.line.target_id]
        if one.kind == SubscriberKind.ORGANISATION:
            return self.of_body()
        if self.known.holders.has_another(one):
            return LineFinding(
                self.line, Verdict.OVERTAKEN, _("Người dùng đã có chứng thư khác còn hiệu lực.")
            )
        return LineFinding(self.line, Verdict.OPEN, certificate=one)

    def revoke(self) -> LineFinding:
        one = self.known.certificates[self.line.target_id]
        if one.revoked_at is not None:
            return LineFinding(self.line, Verdict.DONE, _("Chứng thư đã được thu hồi."))
        if one.not_after <= self.known.filers.now:
            return LineFinding(self.line, Verdict.OVERTAKEN, _("Chứng thư đã hết hạn."))
        return _unless_open_already(
            LineFinding(self.line, Verdict.OPEN, certificate=one),
            one.key_id,
            self.known,
            self.filer,
        )

    def of_body(self) -> LineFinding:
        if self.known.holders.has_organisation_certificate(self.filer):
            return LineFinding(self.line, Verdict.DONE, _("Cơ quan đã có chứng thư mang tên mới."))
        return LineFinding(self.line, Verdict.OPEN)

    def of_subscriber(self) -> LineFinding:
        one = self.known.holders.people.get(self.line.target_id)
        if one is None:
            return LineFinding(self.line, Verdict.STUCK, _("Thuê bao không còn trong sổ."))
        match self.known.holders.provision_of(one):
            case "ending":
                return LineFinding(
                    self.line, Verdict.WAITS, _("Chờ thu hồi chứng thư cũ của thuê bao.")
                )
            case "provided":
                return LineFinding(
                    self.line, Verdict.OVERTAKEN, _("Thuê bao đã có chứng thư còn hiệu lực.")
                )
        last = self.known.holders.last_of(one)
        return LineFinding(self.line, Verdict.OPEN, certificate=last, subscriber=one)

    def recover(self) -> LineFinding:
        one = self.known.devices[self.line.target_id]
        if one.condition == Condition.OK:
            return LineFinding(self.line, Verdict.DONE, _("Thiết bị đã mở khóa."))
        if one.condition != Condition.LOCKED:
            why = _("Thiết bị %(state)s nên không khôi phục được.")
            said = str(Condition(one.condition).label).lower()
            return LineFinding(self.line, Verdict.STUCK, why % {"state": said})
        return _unless_open_already(
            LineFinding(self.line, Verdict.OPEN, device=one), one.key_id, self.known, self.filer
        )

    def give_back(self) -> LineFinding:
        one = self.known.devices[self.line.target_id]
        if one.custody in _GIVEN_BACK:
            return LineFinding(self.line, Verdict.DONE, _("Thiết bị đã nộp lại."))
        if one.condition == Condition.LOST:
            self.line.action, self.line.form, self.line.reason = (
                LineAction.REPORT_LOSS,
                "09",
                Why.DEVICE_LOST,
            )
            return self.report_lost()
        if one.custody != Custody.BACK_AT_AGENCY:
            return LineFinding(self.line, Verdict.NOT_YET, device=one)
        return _unless_open_already(
            LineFinding(self.line, Verdict.OPEN, device=one), one.key_id, self.known, self.filer
        )

    def report_lost(self) -> LineFinding:
        one = self.known.devices[self.line.target_id]
        if one.custody in _GIVEN_BACK or one.custody == Custody.BACK_AT_AGENCY:
            return LineFinding(self.line, Verdict.OVERTAKEN, _("Thiết bị đã tìm thấy và thu về."))
        if self.known.holders.is_told_lost(one):
            return LineFinding(self.line, Verdict.DONE, _("Đã có biên bản thất lạc."))
        return _unless_open_already(
            LineFinding(self.line, Verdict.OPEN, device=one), one.key_id, self.known, self.filer
        )


_Check = Callable[[LineCheck], LineFinding]
_CERTIFICATES: Mapping[str, _Check] = {
    LineAction.CHANGE: LineCheck.change,
    LineAction.REVOKE: LineCheck.revoke,
    LineAction.ISSUE: LineCheck.issue,
}
_DEVICES: Mapping[str, _Check] = {
    LineAction.RECOVER: LineCheck.recover,
    LineAction.RETURN: LineCheck.give_back,
    LineAction.REPORT_LOSS: LineCheck.report_lost,
}
_EFFECTS = {
    LineAction.CHANGE: EffectKind.RENEW_CHANGE,
    LineAction.REVOKE: EffectKind.REVOKE,
    LineAction.RECOVER: EffectKind.RECOVER,
    LineAction.RETURN: EffectKind.GIVE_BACK,
    LineAction.REPORT_LOSS: EffectKind.RECORD_LOSS,
}


def _unless_open_already(
    finding: LineFinding, key: int | None, known: _RegisterNow, filer: Filer
) -> LineFinding:
    """Take up the body's own row about the same thing, or wait for another dossier about it."""
    open_rows = known.open_rows[_EFFECTS[LineAction(finding.line.action)]]
    own = open_rows.to_take_up(key, agency=filer.agency.pk)
    if own is not None:
        return LineFinding(finding.line, Verdict.TAKEN_UP, item=own)
    other = open_rows.in_the_way(key, agency=filer.agency.pk)
    if other is None:
        return finding
    why = _("Chờ hồ sơ khác đang giải quyết về việc này: %(number)s.")
    number = other.letter_number or _("chưa có số")
    return LineFinding(finding.line, Verdict.WAITS, why % {"number": number})


def subject_now(certificate: Certificate) -> Subject:
    """Return what a certificate says now, read from its text."""
    levels, province = levels_named(certificate.subject)
    return Subject(
        kind=certificate.kind,
        common_name=certificate.common_name,
        levels=levels,
        province=province,
        email=certificate.email,
    )


def days_left(certificate: Certificate, now: datetime) -> int:
    """Return the days the law counts (DOMAIN 14.1)."""
    return (timezone.localdate(certificate.not_after) - timezone.localdate(now)).days
