"""The rows of a letter as a clerk would write them: what the register, the review and the
decision say; nothing is made up."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from django.utils.translation import gettext as _

from orgmerge.filing.checks import LineFinding, subject_now
from orgmerge.filing.filers import Filer, Filers
from orgmerge.planner.codes import Why
from orgmerge.planner.subjects import levels_of
from orgmerge.vocabulary import About
from portal.accounts.models import User
from portal.agencies.models import SubscriberKind
from portal.ca.models import Certificate
from portal.core.text.vietnamese import search_key
from requests_app import kinds
from requests_app.kinds import issue_prefill as issue
from requests_app.kinds.base import Kind
from requests_app.kinds.mau_04_renew_change import prefill as renew_change
from requests_app.kinds.mau_05_revoke import prefill as revoke
from requests_app.kinds.mau_06_recover import prefill as recover
from requests_app.kinds.mau_08_return import prefill as give_back
from requests_app.kinds.mau_09_loss import prefill as loss
from requests_app.kinds.people import LEVELS
from requests_app.kinds.prefill import Filled
from requests_app.models import Dossier
from requests_app.rules.revocation import Cause, causes_for

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


def rows_for(
    form: str, findings: Sequence[LineFinding], filer: Filer, filers: Filers
) -> list[Filled]:
    """Return the answers of a row for each finding, and whose number stands in it."""
    return _WRITERS[form](findings, filer, filers)


def note_of(filers: Filers) -> str:
    """Return the sentence that names the decision, for the letter."""
    merger = filers.merger
    return _("Thực hiện %(decision)s ngày %(day)s, có hiệu lực từ ngày %(effective)s.") % {
        "decision": merger.decision,
        "day": f"{merger.decided_on:%d/%m/%Y}",
        "effective": f"{merger.effective_on:%d/%m/%Y}",
    }


def contact_of(kind: Kind, filer: Filer) -> dict[str, str]:
    """Return what is known of section 1: the clerk who will receive, as in the letter they sent
    last, and the body's address."""
    clerk, version = filer.clerk, filer.version
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


def _changes(findings: Sequence[LineFinding], filer: Filer, filers: Filers) -> list[Filled]:
    rows = []
    for one in findings:
        row = renew_change.row_of(_certificate(one), renews=False, changes=True)
        rows.append(Filled(row | dict(one.answers), None))
    return rows


def _revocations(findings: Sequence[LineFinding], filer: Filer, filers: Filers) -> list[Filled]:
    certificates = [_certificate(one) for one in findings]
    rows = revoke.rows_of(certificates)
    for one, certificate, row in zip(findings, certificates, rows, strict=True):
        cause, words = _cause(one.line.reason, certificate, filers)
        row |= {"cause": cause, "reason": words}
    pairs = zip(rows, certificates, strict=True)
    return [Filled(row, certificate.subscriber) for row, certificate in pairs]


def _cause(why: str, certificate: Certificate, filers: Filers) -> tuple[str, str]:
    """Return the case of Điều 17 and what happened; what fits no case is the agency's request."""
    decision = _("Sắp xếp tổ chức theo %s") % filers.merger.decision
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


def _new_ones(findings: Sequence[LineFinding], filer: Filer, filers: Filers) -> list[Filled]:
    """Mẫu 01 and 03: in the new body's name, with the old number; without an old certificate what
    the register knows of the subscriber."""
    known = [one.certificate for one in findings if one.certificate is not None]
    rows = dict(
        zip((one.pk for one in known), issue.rows_of(known, today=filers.today), strict=True)
    )
    return [_new_one(one, rows, filer, filers) for one in findings]


def _new_one(
    finding: LineFinding, rows: Mapping[int, dict[str, str]], filer: Filer, filers: Filers
) -> Filled:
    subscriber = finding.subscriber or _certificate(finding).subscriber
    if finding.certificate is None:
        row = {"full_name": subscriber.name, "name": subscriber.name}
        row["identity_number"] = subscriber.identity_number
    else:
        row = rows[finding.certificate.pk]
    place = filer.place
    if subscriber.kind == SubscriberKind.PERSON:
        line = finding.line
        if line.about == About.CERTIFICATE and finding.certificate is not None:
            reply = filers.reply_of(finding.certificate, line.target_id)
        else:
            reply = filers.reply(line.about, line.target_id)
        if finding.certificate is None:
            levels = (*place.superiors, place.name, *([reply.unit] if reply.unit else []))[
                -len(LEVELS) :
            ]
        else:
            levels = levels_of(subject_now(finding.certificate), place, reply.unit)
        row |= dict.fromkeys(LEVELS, "") | dict(zip(LEVELS, levels, strict=False))
        told = {"email": reply.email, "position": reply.position}
        row |= {name: value for name, value in told.items() if value}
    else:
        row |= {"owner": place.name, "address": filer.version.address}
    row["province"] = place.province
    return Filled(row, subscriber)


def _organisations(findings: Sequence[LineFinding], filer: Filer, filers: Filers) -> list[Filled]:
    version = filer.version
    row = {
        "name": version.name,
        "address": version.address,
        "tax_code": version.tax_code,
        "budget_code": version.budget_code,
        "province": version.province,
        "email": version.email,
    }
    return [Filled(dict(row), None) for _one in findings]


def _recoveries(findings: Sequence[LineFinding], filer: Filer, filers: Filers) -> list[Filled]:
    rows = recover.rows_of([one.device for one in findings if one.device])
    return [Filled(row | {"workplace": filer.place.name}, None) for row in rows]


def _returns(findings: Sequence[LineFinding], filer: Filer, filers: Filers) -> list[Filled]:
    rows = give_back.rows_of([one.device for one in findings if one.device], now=filers.now)
    return [Filled(row, None) for row in rows]


def _losses(findings: Sequence[LineFinding], filer: Filer, filers: Filers) -> list[Filled]:
    rows = loss.rows_of([one.device for one in findings if one.device])
    return [Filled(row, None) for row in rows]


def _certificate(finding: LineFinding) -> Certificate:
    if finding.certificate is None:
        raise ValueError(f"no certificate for line {finding.line.pk} ({About(finding.line.about)})")
    return finding.certificate


_Writer = Callable[[Sequence[LineFinding], Filer, Filers], list[Filled]]
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
