"""Each line is judged once more before it opens a row: the world has gone on since the plan."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, auto

from django.utils import timezone
from django.utils.translation import gettext as _

from devices.lifecycle import Condition, Custody
from devices.models import Device
from orgmerge.codes import Why
from orgmerge.deciding.ages import DAYS_LEFT_TO_ASK
from orgmerge.models import PlanLine
from orgmerge.new_names import Subject, new_values
from orgmerge.services.desks import Desk, Desks
from orgmerge.services.holders import Holders, holders_of
from orgmerge.services.standing import Standing, standing_about
from orgmerge.subjects import levels_of
from orgmerge.words import About, Action
from portal.agencies.models import Subscriber, SubscriberKind
from portal.ca.models import Certificate
from requests_app.kinds.base import EffectKind
from requests_app.models import DossierItem

_GIVEN_BACK = frozenset({Custody.STOCK, Custody.AT_OFFICE, Custody.AT_CA, Custody.RETIRED})
_ISSUE_FORMS = {
    SubscriberKind.PERSON: "01",
    SubscriberKind.ORGANISATION: "02",
    SubscriberKind.SYSTEM: "03",
}


class Fate(Enum):
    """What becomes of a line now."""

    OPEN = auto()  # a row is opened
    TAKEN_UP = auto()  # a row that stands already does it
    WAITS = auto()  # something else has to end first; said on the page
    NOT_YET = auto()  # its time has not come
    DONE = auto()  # what was to be done has been done
    OVERTAKEN = auto()  # it need not be done any more
    STUCK = auto()  # a person has to decide


@dataclass(slots=True)
class Finding:
    """What was found about a line, and what its row is to be written from."""

    line: PlanLine
    fate: Fate
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


def judge(lines: Sequence[PlanLine], desks: Desks) -> list[Finding]:
    """Return what becomes of each line, in their order; a fixed number of queries.

    The lines' ``action`` and ``form`` are set anew where another form is needed by now.
    """
    known = _Known.of(lines, desks)
    return [_judge(line, known, desks.by_body[line.sender_id or 0]) for line in lines]


@dataclass(slots=True)
class _Known:
    """The register's present word about everything the lines name."""

    desks: Desks
    certificates: dict[int, Certificate]  # the newest on the key of the one the line names
    devices: dict[int, Device]
    holders: Holders
    standing: Mapping[EffectKind, Standing]

    @classmethod
    def of(cls, lines: Iterable[PlanLine], desks: Desks) -> _Known:
        by_about: dict[str, list[int]] = {}
        for line in lines:
            by_about.setdefault(line.about, []).append(line.target_id)
        certificates = _newest(by_about.get(About.CERTIFICATE, ()))
        devices = Device.objects.select_related("subscriber", "key").in_bulk(
            by_about.get(About.DEVICE, [])
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
            desks=desks,
            certificates=certificates,
            devices=devices,
            holders=holders_of(
                desks, certificates.values(), by_about.get(About.SUBSCRIBER, ()), devices.values()
            ),
            standing={effect: standing_about(keys, effect) for effect in effects},
        )


def _newest(pks: Iterable[int]) -> dict[int, Certificate]:
    """Return certificate → the one issued last on its key."""
    named = dict(Certificate.objects.filter(pk__in=list(pks)).values_list("pk", "key_id"))
    found = Certificate.objects.filter(key__in=named.values()).order_by("issued_at", "pk")
    newest = {
        one.key_id: one
        for one in found.select_related("subscriber__organisation", "key__device", "agency").defer(
            "crl_entry"
        )
    }
    return {pk: newest[key] for pk, key in named.items()}


def _judge(line: PlanLine, known: _Known, desk: Desk) -> Finding:
    if line.about == About.BODY:
        return _body(line, known, desk)
    if line.about == About.SUBSCRIBER:
        return _subscriber(line, known)
    if line.about == About.DEVICE:
        return _DEVICES[line.action](line, known, desk)
    return _CERTIFICATES[line.action](line, known, desk)


def _to_change(line: PlanLine, known: _Known, desk: Desk) -> Finding:
    now = known.desks.now
    one = known.certificates[line.target_id]
    if one.revoked_at is not None:
        return Finding(line, Fate.OVERTAKEN, _("Chứng thư đã bị thu hồi."))
    reply = known.desks.reply_of(one, line.target_id)
    answers = new_values(subject_now(one), desk.place, unit=reply.unit, email=reply.email)
    if not answers:
        return Finding(line, Fate.DONE, _("Chứng thư đã mang thông tin mới."))
    if days_left(one, now) < DAYS_LEFT_TO_ASK:
        return _anew(line, known, desk)
    device = getattr(one.key, "device", None)
    if device is not None and device.condition in (Condition.LOST, Condition.DAMAGED):
        why = _("Thiết bị %(state)s nên không cài được chứng thư mới.")
        said = str(Condition(device.condition).label).lower()
        return Finding(line, Fate.STUCK, why % {"state": said})
    return _unless_standing(
        Finding(line, Fate.OPEN, certificate=one, answers=answers), one.key_id, known, desk
    )


def _anew(line: PlanLine, known: _Known, desk: Desk) -> Finding:
    """R08, DOMAIN 14.2: too late to change, so a new one is asked for; what waits for it waits."""
    one = known.certificates[line.target_id]
    line.action, line.form = Action.ISSUE, _ISSUE_FORMS[SubscriberKind(one.kind)]
    line.reason = Why.TOO_LATE_TO_CHANGE
    return _to_issue(line, known, desk)


def _to_issue(line: PlanLine, known: _Known, desk: Desk) -> Finding:
    one = known.certificates[line.target_id]
    if one.kind == SubscriberKind.ORGANISATION:
        return _body(line, known, desk)
    if known.holders.has_another(one):
        return Finding(line, Fate.OVERTAKEN, _("Người dùng đã có chứng thư khác còn hiệu lực."))
    return Finding(line, Fate.OPEN, certificate=one)


def _to_revoke(line: PlanLine, known: _Known, desk: Desk) -> Finding:
    one = known.certificates[line.target_id]
    if one.revoked_at is not None:
        return Finding(line, Fate.DONE, _("Chứng thư đã được thu hồi."))
    if one.not_after <= known.desks.now:
        return Finding(line, Fate.OVERTAKEN, _("Chứng thư đã hết hạn."))
    return _unless_standing(Finding(line, Fate.OPEN, certificate=one), one.key_id, known, desk)


def _body(line: PlanLine, known: _Known, desk: Desk) -> Finding:
    if known.holders.has_organisation_certificate(desk):
        return Finding(line, Fate.DONE, _("Cơ quan đã có chứng thư mang tên mới."))
    return Finding(line, Fate.OPEN)


def _subscriber(line: PlanLine, known: _Known) -> Finding:
    one = known.holders.people.get(line.target_id)
    if one is None:
        return Finding(line, Fate.STUCK, _("Thuê bao không còn trong sổ."))
    match known.holders.standing_of(one):
        case "ending":
            return Finding(line, Fate.WAITS, _("Chờ thu hồi chứng thư cũ của thuê bao."))
        case "provided":
            return Finding(line, Fate.OVERTAKEN, _("Thuê bao đã có chứng thư còn hiệu lực."))
    last = known.holders.last_of(one)
    return Finding(line, Fate.OPEN, certificate=last, subscriber=one)


def _to_recover(line: PlanLine, known: _Known, desk: Desk) -> Finding:
    one = known.devices[line.target_id]
    if one.condition == Condition.OK:
        return Finding(line, Fate.DONE, _("Thiết bị đã mở khóa."))
    if one.condition != Condition.LOCKED:
        why = _("Thiết bị %(state)s nên không khôi phục được.")
        said = str(Condition(one.condition).label).lower()
        return Finding(line, Fate.STUCK, why % {"state": said})
    return _unless_standing(Finding(line, Fate.OPEN, device=one), one.key_id, known, desk)


def _to_return(line: PlanLine, known: _Known, desk: Desk) -> Finding:
    one = known.devices[line.target_id]
    if one.custody in _GIVEN_BACK:
        return Finding(line, Fate.DONE, _("Thiết bị đã nộp lại."))
    if one.condition == Condition.LOST:
        line.action, line.form, line.reason = Action.REPORT_LOSS, "09", Why.DEVICE_LOST
        return _to_report_lost(line, known, desk)
    if one.custody != Custody.BACK_AT_AGENCY:
        return Finding(line, Fate.NOT_YET, device=one)
    return _unless_standing(Finding(line, Fate.OPEN, device=one), one.key_id, known, desk)


def _to_report_lost(line: PlanLine, known: _Known, desk: Desk) -> Finding:
    one = known.devices[line.target_id]
    if one.custody in _GIVEN_BACK or one.custody == Custody.BACK_AT_AGENCY:
        return Finding(line, Fate.OVERTAKEN, _("Thiết bị đã tìm thấy và thu về."))
    if known.holders.is_told_lost(one):
        return Finding(line, Fate.DONE, _("Đã có biên bản thất lạc."))
    return _unless_standing(Finding(line, Fate.OPEN, device=one), one.key_id, known, desk)


_Judging = Callable[[PlanLine, _Known, Desk], Finding]
_CERTIFICATES: Mapping[str, _Judging] = {
    Action.CHANGE: _to_change,
    Action.REVOKE: _to_revoke,
    Action.ISSUE: _to_issue,
}
_DEVICES: Mapping[str, _Judging] = {
    Action.RECOVER: _to_recover,
    Action.RETURN: _to_return,
    Action.REPORT_LOSS: _to_report_lost,
}
_EFFECTS = {
    Action.CHANGE: EffectKind.RENEW_CHANGE,
    Action.REVOKE: EffectKind.REVOKE,
    Action.RECOVER: EffectKind.RECOVER,
    Action.RETURN: EffectKind.GIVE_BACK,
    Action.REPORT_LOSS: EffectKind.RECORD_LOSS,
}


def _unless_standing(finding: Finding, key: int | None, known: _Known, desk: Desk) -> Finding:
    """Take up the body's own row about the same thing, or wait for another dossier about it."""
    standing = known.standing[_EFFECTS[Action(finding.line.action)]]
    own = standing.to_take_up(key, agency=desk.agency.pk)
    if own is not None:
        return Finding(finding.line, Fate.TAKEN_UP, item=own)
    other = standing.in_the_way(key, agency=desk.agency.pk)
    if other is None:
        return finding
    why = _("Chờ hồ sơ khác đang giải quyết về việc này: %(number)s.")
    number = other.letter_number or _("chưa có số")
    return Finding(finding.line, Fate.WAITS, why % {"number": number})


def subject_now(certificate: Certificate) -> Subject:
    """Return what a certificate says now, read from its text."""
    levels, province = levels_of(certificate.subject)
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
