"""The rows of a letter as a clerk would write them: what the register, the review and the
decision say; nothing is made up."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from django.utils.translation import gettext as _

from orgmerge.codes import Why
from orgmerge.facts import Reply
from orgmerge.new_names import NewPlace, levels_of
from orgmerge.services.desks import Desk, Desks
from orgmerge.services.rechecking import Finding, subject_now
from orgmerge.words import About
from portal.accounts.models import User
from portal.agencies.models import SubscriberKind
from portal.ca.models import Certificate
from portal.core.text import search_key
from requests_app import kinds
from requests_app.kinds.base import Kind
from requests_app.kinds.people import LEVELS
from requests_app.models import Dossier
from requests_app.rules.revocation import Cause, causes_for
from requests_app.services.prefilling import (
    give_back,
    issue,
    loss,
    recover,
    renew_change,
    revoke,
)
from requests_app.services.starting import Filled

KIND_OF_FORM: Mapping[str, Kind] = {kind.number: kind for kind in kinds.KINDS.values()}

_CAUSES: Mapping[str, Cause] = {
    Why.MERGED: Cause.MERGED,
    Why.SPLIT: Cause.SPLIT,
    Why.DISSOLVED: Cause.DISSOLVED,
    Why.PERSON_LEFT: Cause.LEFT,
    Why.STOPS_OPERATING: Cause.STOPPED,
    Why.DEVICE_LOST: Cause.DEVICE_LOST,
    Why.DEVICE_DAMAGED: Cause.DEVICE_DAMAGED,
    Why.TITLE_NO_LONGER_FITS: Cause.POSITION_CHANGED,
}


def rows_for(form: str, findings: Sequence[Finding], desk: Desk, desks: Desks) -> list[Filled]:
    """Return the answers of a row for each finding, and whose number stands in it."""
    return _WRITERS[form](findings, desk, desks)


def note_of(desks: Desks) -> str:
    """Return the sentence that names the decision, for the letter."""
    merger = desks.merger
    return _("Thực hiện %(decision)s ngày %(day)s, có hiệu lực từ ngày %(effective)s.") % {
        "decision": merger.decision,
        "day": f"{merger.decided_on:%d/%m/%Y}",
        "effective": f"{merger.effective_on:%d/%m/%Y}",
    }


def contact_of(kind: Kind, desk: Desk) -> dict[str, str]:
    """Return what is known of section 1: the clerk who will receive, as in the letter they sent
    last, and the body's address."""
    clerk, version = desk.clerk, desk.version
    told = _told_last(clerk) if clerk else {}
    known = told | {
        "full_name": clerk.full_name if clerk else "",
        "position": (clerk.position if clerk else "") or told.get("position", ""),
        "phone": told.get("phone", "") or version.phone,
        "email": version.email or (clerk.email if clerk else ""),
        "address": version.address,
        "workplace": version.name,
    }
    fields = {one.name for one in kind.contact_fields}
    return {name: value for name, value in known.items() if name in fields and value}


def _told_last(clerk: User) -> dict[str, str]:
    """Return section 1 of the letter ``clerk`` sent last, if it named them."""
    sent = Dossier.objects.filter(created_by=clerk, sent_at__isnull=False)
    last = sent.order_by("-sent_at").only("contact").first()
    told: dict[str, str] = dict(last.contact) if last else {}
    is_theirs = search_key(told.get("full_name", "")) == search_key(clerk.full_name)
    return told if is_theirs else {}


def _changes(findings: Sequence[Finding], desk: Desk, desks: Desks) -> list[Filled]:
    rows = []
    for one in findings:
        row = renew_change.row_of(_certificate(one), renews=False, changes=True)
        rows.append(Filled(row | dict(one.answers), None))
    return rows


def _revocations(findings: Sequence[Finding], desk: Desk, desks: Desks) -> list[Filled]:
    certificates = [_certificate(one) for one in findings]
    rows = revoke.rows_of(certificates)
    for one, certificate, row in zip(findings, certificates, rows, strict=True):
        cause, words = _cause(one.line.reason, certificate, desks)
        row |= {"cause": cause, "reason": words}
    pairs = zip(rows, certificates, strict=True)
    return [Filled(row, certificate.subscriber) for row, certificate in pairs]


def _cause(why: str, certificate: Certificate, desks: Desks) -> tuple[str, str]:
    """Return the case of Điều 17 and what happened; what fits no case is the agency's request."""
    decision = _("Sắp xếp tổ chức theo %s") % desks.merger.decision
    cause = _CAUSES.get(why)
    if cause is None and certificate.kind == SubscriberKind.ORGANISATION:
        cause = Cause.MERGED
    if cause is None or cause not in causes_for(certificate.kind):
        said = _WORDS.get(why, "")
        return Cause.AGENCY.value, f"{said}. {decision}." if said else f"{decision}."
    is_of_the_body = cause in (Cause.MERGED, Cause.SPLIT, Cause.DISSOLVED)
    return cause.value, f"{decision}." if is_of_the_body else ""


_WORDS: Mapping[str, str] = {
    Why.NEED_ENDED: "Không còn nhu cầu sử dụng",
    Why.SECOND_CERTIFICATE: "Đã có chứng thư khác",
}


def _new_ones(findings: Sequence[Finding], desk: Desk, desks: Desks) -> list[Filled]:
    """Mẫu 01 and 03: in the new body's name, with the old number; without an old certificate what
    the register knows of the subscriber."""
    known = [one.certificate for one in findings if one.certificate is not None]
    rows = dict(
        zip((one.pk for one in known), issue.rows_of(known, today=desks.today), strict=True)
    )
    return [_new_one(one, rows, desk, desks) for one in findings]


def _new_one(
    finding: Finding, rows: Mapping[int, dict[str, str]], desk: Desk, desks: Desks
) -> Filled:
    subscriber = finding.subscriber or _certificate(finding).subscriber
    if finding.certificate is None:
        row = {"full_name": subscriber.name, "name": subscriber.name}
        row["identity_number"] = subscriber.identity_number
    else:
        row = rows[finding.certificate.pk]
    place = desk.place
    if subscriber.kind == SubscriberKind.PERSON:
        reply = _reply(finding, desks)
        row |= dict.fromkeys(LEVELS, "") | _levels(finding, place, reply.unit)
        told = {"email": reply.email, "position": reply.position}
        row |= {name: value for name, value in told.items() if value}
    else:
        row |= {"owner": place.name, "address": desk.version.address}
    row["province"] = place.province
    return Filled(row, subscriber)


def _reply(finding: Finding, desks: Desks) -> Reply:
    line = finding.line
    if line.about == About.CERTIFICATE and finding.certificate is not None:
        return desks.reply_of(finding.certificate, line.target_id)
    return desks.reply(line.about, line.target_id)


def _levels(finding: Finding, place: NewPlace, unit: str) -> dict[str, str]:
    if finding.certificate is None:
        levels = (*place.superiors, place.name, *([unit] if unit else []))[-len(LEVELS) :]
    else:
        levels = levels_of(subject_now(finding.certificate), place, unit)
    return dict(zip(LEVELS, levels, strict=False))


def _organisations(findings: Sequence[Finding], desk: Desk, desks: Desks) -> list[Filled]:
    version = desk.version
    row = {
        "name": version.name,
        "address": version.address,
        "tax_code": version.tax_code,
        "budget_code": version.budget_code,
        "province": version.province,
        "email": version.email,
    }
    return [Filled(dict(row), None) for _one in findings]


def _recoveries(findings: Sequence[Finding], desk: Desk, desks: Desks) -> list[Filled]:
    rows = recover.rows_of([one.device for one in findings if one.device])
    return [Filled(row | {"workplace": desk.place.name}, None) for row in rows]


def _returns(findings: Sequence[Finding], desk: Desk, desks: Desks) -> list[Filled]:
    rows = give_back.rows_of([one.device for one in findings if one.device], now=desks.now)
    return [Filled(row, None) for row in rows]


def _losses(findings: Sequence[Finding], desk: Desk, desks: Desks) -> list[Filled]:
    rows = loss.rows_of([one.device for one in findings if one.device])
    return [Filled(row, None) for row in rows]


def _certificate(finding: Finding) -> Certificate:
    if finding.certificate is None:
        raise ValueError(f"no certificate for line {finding.line.pk} ({About(finding.line.about)})")
    return finding.certificate


_Writer = Callable[[Sequence[Finding], Desk, Desks], list[Filled]]
_WRITERS: Mapping[str, _Writer] = {
    "01": _new_ones,
    "02": _organisations,
    "03": _new_ones,
    "04": _changes,
    "05": _revocations,
    "06": _recoveries,
    "08": _returns,
    "09": _losses,
}
