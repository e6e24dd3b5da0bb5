"""Lines whose turn has come open drafts in the new bodies' names: each line one row, once.

A letter and its lines are one transaction under the lock of the reorganisation: a killed worker
goes on where it was, and two at once do nothing twice.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from orgmerge.filing import stages
from orgmerge.filing.checks import LineFinding, Verdict, check_lines, open_rows, subject_now
from orgmerge.filing.filers import Filer, Filers, filers_of, first_clerks
from orgmerge.models import Merger, MergerBody, PlanLine
from orgmerge.planner.codes import Why
from orgmerge.planner.subjects import levels_of
from orgmerge.plans import line_states
from orgmerge.vocabulary import LineAbout, LineStage, LineState, MergerState
from portal.accounts.models import User
from portal.agencies.models import SubscriberKind
from portal.ca.models import Certificate
from portal.core.database.fields import keyed_hash
from portal.core.roles import Capability
from portal.core.rules import Refused
from portal.core.steps import IllegalStep
from portal.core.text.vietnamese import search_key
from portal.notices import services as notices
from requests_app import kinds
from requests_app.catalogue.mau_01_person.form import CENTRAL
from requests_app.catalogue.mau_04_renew_change import prefill as renew_change
from requests_app.catalogue.mau_05_revoke import prefill as revoke
from requests_app.catalogue.mau_06_recover import prefill as recover
from requests_app.catalogue.mau_08_return import prefill as give_back
from requests_app.catalogue.mau_09_loss import prefill as loss
from requests_app.drafts.prefilled import fitting, with_numbers
from requests_app.drafts.services import create_draft, import_rows, save_letter
from requests_app.kinds import issue_prefill as issue
from requests_app.kinds.base import EffectKind, Kind
from requests_app.kinds.people import LEVELS
from requests_app.kinds.prefill import Filled
from requests_app.models import Dossier, DossierItem
from requests_app.routing.services import rule_for
from requests_app.rules.revocation import Cause, causes_for
from requests_app.titles import clipped, headline_of

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
    told: dict[str, str] = {}
    if clerk:
        # Section 1 of the letter the clerk sent last, if it named them.
        sent = Dossier.objects.filter(created_by=clerk, sent_at__isnull=False)
        last = sent.order_by("-sent_at").only("uuid", "contact").first()
        told = dict(last.contact) if last else {}
        if search_key(told.get("full_name", "")) != search_key(clerk.full_name):
            told = {}
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


@dataclass(frozen=True, slots=True)
class LetterRows:
    """What one letter is about; its methods return a row for each finding, form by form."""

    findings: Sequence[LineFinding]
    filer: Filer
    filers: Filers

    def changes(self) -> list[Filled]:
        rows = []
        for one in self.findings:
            row = renew_change.row_of(_certificate(one), renews=False, changes=True)
            rows.append(Filled(row | dict(one.answers), None))
        return rows

    def revocations(self) -> list[Filled]:
        certificates = [_certificate(one) for one in self.findings]
        rows = revoke.rows_of(certificates)
        for one, certificate, row in zip(self.findings, certificates, rows, strict=True):
            cause, words = self.cause(one.line.reason, certificate)
            row |= {"cause": cause, "reason": words}
        pairs = zip(rows, certificates, strict=True)
        return [Filled(row, certificate.subscriber) for row, certificate in pairs]

    def cause(self, why: str, certificate: Certificate) -> tuple[str, str]:
        """Return the case of Điều 17 and what happened; what fits no case is the agency's
        request."""
        decision = _("Sắp xếp tổ chức theo %s") % self.filers.merger.decision
        cause = _CAUSES.get(why)
        if cause is None and certificate.kind == SubscriberKind.ORGANISATION:
            cause = Cause.MERGED
        if cause is None or cause not in causes_for(certificate.kind):
            said = _WORDS.get(why, "")
            return Cause.AGENCY.value, f"{said}. {decision}." if said else f"{decision}."
        is_of_the_body = cause in (Cause.MERGED, Cause.SPLIT, Cause.DISSOLVED)
        return cause.value, f"{decision}." if is_of_the_body else ""

    def new_ones(self) -> list[Filled]:
        """Mẫu 01 and 03: in the new body's name, with the old number; without an old certificate
        what the register knows of the subscriber."""
        known = [one.certificate for one in self.findings if one.certificate is not None]
        rows = dict(
            zip(
                (one.pk for one in known),
                issue.rows_of(known, today=self.filers.today),
                strict=True,
            )
        )
        return [self.new_one(one, rows) for one in self.findings]

    def new_one(self, finding: LineFinding, rows: Mapping[int, dict[str, str]]) -> Filled:
        subscriber = finding.subscriber or _certificate(finding).subscriber
        if finding.certificate is None:
            row = {"full_name": subscriber.name, "name": subscriber.name}
            row["identity_number"] = subscriber.identity_number
        else:
            row = rows[finding.certificate.pk]
        place = self.filer.place
        if subscriber.kind == SubscriberKind.PERSON:
            line = finding.line
            if line.about == LineAbout.CERTIFICATE and finding.certificate is not None:
                reply = self.filers.reply_of(finding.certificate, line.target_id)
            else:
                reply = self.filers.reply(line.about, line.target_id)
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
            row |= {"owner": place.name, "address": self.filer.version.address}
        row["province"] = place.province
        return Filled(row, subscriber)

    def of_organisations(self) -> list[Filled]:
        version = self.filer.version
        row = {
            "name": version.name,
            "address": version.address,
            "tax_code": version.tax_code,
            "budget_code": version.budget_code,
            "province": version.province,
            "email": version.email,
        }
        return [Filled(dict(row), None) for _one in self.findings]

    def recoveries(self) -> list[Filled]:
        rows = recover.rows_of([one.device for one in self.findings if one.device])
        return [Filled(row | {"workplace": self.filer.place.name}, None) for row in rows]

    def returns(self) -> list[Filled]:
        rows = give_back.rows_of(
            [one.device for one in self.findings if one.device], now=self.filers.now
        )
        return [Filled(row, None) for row in rows]

    def losses(self) -> list[Filled]:
        rows = loss.rows_of([one.device for one in self.findings if one.device])
        return [Filled(row, None) for row in rows]


_WORDS: Mapping[str, str] = {
    Why.NEED_ENDED: "Không còn nhu cầu sử dụng",
    Why.SECOND_CERTIFICATE: "Đã có chứng thư khác",
}


def _certificate(finding: LineFinding) -> Certificate:
    if finding.certificate is None:
        raise ValueError(
            f"no certificate for line {finding.line.pk} ({LineAbout(finding.line.about)})"
        )
    return finding.certificate


_Writer = Callable[[LetterRows], list[Filled]]
_WRITERS: Mapping[str, _Writer] = {
    "01": LetterRows.new_ones,
    "02": LetterRows.of_organisations,
    "03": LetterRows.new_ones,
    "04": LetterRows.changes,
    "05": LetterRows.revocations,
    "06": LetterRows.recoveries,
    "08": LetterRows.returns,
    "09": LetterRows.losses,
}


logger = logging.getLogger(__name__)

AT_ONCE = 500  # lines judged together: bounds the memory, and the queries for each line
_ENDS: Mapping[Verdict, LineState] = {
    Verdict.DONE: LineState.DONE,
    Verdict.OVERTAKEN: LineState.OVERTAKEN,
    Verdict.STUCK: LineState.FAILED,
}


def open_ready(merger: Merger, *, now: datetime) -> int:
    """Open what the bodies of ``merger`` can file now; return how many lines went on.

    Nothing while the list of agencies has not been sent (275/BCY mục 4).
    """
    if merger.list_sent_on is None:
        return 0
    bodies = {body.pk: body for body in ready_bodies(merger)}
    clerks = first_clerks(body.agency_id for body in bodies.values() if body.agency_id)
    able = [pk for pk, body in bodies.items() if body.agency_id in clerks]
    done = 0
    for some in _batches(_whose_turn_it_is(merger, able, now=now)):
        senders = {one.sender for one in some}
        filers = filers_of(merger, [bodies[pk] for pk in senders], now=now)
        # A body that ended since by another decision writes no letters.
        keys = [one.pk for one in some if one.sender in filers.by_body]
        # Judge lines that are still planned, a bounded number at a time.
        found: list[LineFinding] = []
        for start in range(0, len(keys), AT_ONCE):
            chunk = keys[start : start + AT_ONCE]
            planned = PlanLine.objects.filter(pk__in=chunk, state=LineState.PLANNED)
            found += check_lines(list(planned.order_by("sender", "stage", "pk")), filers)
        writer = LetterWriter(filers)
        count = writer.settle([one for one in found if one.verdict is not Verdict.OPEN])
        for group in writer.letters([one for one in found if one.verdict is Verdict.OPEN]):
            lines = [one.line.pk for one in group]
            try:
                count += writer.write(lines)
            except (Refused, IllegalStep) as refusal:
                logger.warning("no letter for lines %s: %s", lines[:3], refusal)
                count += writer.say_why(lines, str(refusal))
        done += count
    return done


def ready_bodies(merger: Merger) -> list[MergerBody]:
    """Return the registered bodies that have received everything that is to be theirs."""
    gone_over = Q(handed_over_at__isnull=False)
    if merger.followed_at is not None:
        gone_over |= Q(took_effect_at__isnull=False)
    return list(merger.bodies.filter(gone_over, agency__isnull=False).order_by("pk"))


def _whose_turn_it_is(
    merger: Merger, senders: Sequence[int], *, now: datetime
) -> list[stages.PlannedLine]:
    open_to = stages.read(merger, senders)
    planned = stages.candidates(merger, senders, open_to)
    if not planned:
        return []
    returning = {one.sender for one in planned if one.stage == LineStage.DEVICES}
    later = stages.waits_for_more(merger, returning, today=timezone.localdate(now))
    return [
        one
        for one in planned
        if open_to.is_open(one.sender, one.stage, is_urgent=one.is_urgent)
        and not (one.stage == LineStage.DEVICES and one.sender in later)
    ]


def _batches(planned: Iterable[stages.PlannedLine]) -> Iterator[list[stages.PlannedLine]]:
    """Return the lines of whole bodies, some at a time, so that no letter is cut short."""
    batch: list[stages.PlannedLine] = []
    for _sender, of_body in groupby(planned, key=lambda one: one.sender):
        batch += of_body
        if len(batch) >= AT_ONCE:
            yield batch
            batch = []
    if batch:
        yield batch


@dataclass(frozen=True, slots=True)
class LetterWriter:
    """Opens what some bodies can file now, under the lock of their reorganisation."""

    filers: Filers

    def letters(self, findings: Iterable[LineFinding]) -> Iterator[list[LineFinding]]:
        """Group as a clerk would: per sender, form, variant and route, at most so many rows
        each."""
        routes = _Routes(self.filers)
        groups: dict[tuple[object, ...], list[LineFinding]] = {}
        for one in findings:
            filer = self.filers.by_body[one.line.sender_id or 0]
            kind = KIND_OF_FORM[one.line.form]
            route = routes.of(kind.procedure, filer.agency.office_id, one.storage)
            letter = filer.body.pk, one.line.stage, kind.code, _variant(one), *route
            groups.setdefault(letter, []).append(one)
        most = settings.MERGER_ROWS_PER_LETTER
        for group in groups.values():
            for start in range(0, len(group), most):
                yield group[start : start + most]

    def settle(self, findings: Sequence[LineFinding]) -> int:
        """Write what became of lines that open nothing."""
        said = [one for one in findings if one.verdict is not Verdict.NOT_YET]
        if not said:
            return 0
        with transaction.atomic():
            if lock(self.filers.merger.pk) is None:
                return 0
            still = _still_planned(one.line.pk for one in said)
            by_verdict: dict[Verdict, list[LineFinding]] = {}
            for one in said:
                if one.line.pk in still:
                    by_verdict.setdefault(one.verdict, []).append(one)
            changed = [
                one
                for one in by_verdict.pop(Verdict.WAITS, [])
                if still[one.line.pk].outcome != one.why
            ]
            for each in changed:
                each.line.outcome = each.why
            line_states.note([one.line for one in changed])
            done = 0
            if taken := by_verdict.pop(Verdict.TAKEN_UP, []):
                rows = {one.line.pk: one.item for one in taken if one.item is not None}
                line_states.attach(
                    self.filers.merger, rows, [one.line for one in taken], now=self.filers.now
                )
                done += len(taken)
            for verdict, group in by_verdict.items():
                for one in group:
                    one.line.outcome = one.why
                line_states.end(
                    self.filers.merger,
                    [one.line for one in group],
                    _ENDS[verdict],
                    now=self.filers.now,
                )
                done += len(group)
        return done

    @transaction.atomic
    def write(self, keys: Sequence[int]) -> int:
        if lock(self.filers.merger.pk) is None:
            return 0
        # Judged again under the lock: another worker may have been here.
        still = list(_still_planned(keys).values())
        findings = [one for one in check_lines(still, self.filers) if one.verdict is Verdict.OPEN]
        if not findings:
            return 0
        first = findings[0]
        findings = [one for one in findings if one.line.form == first.line.form]
        filer = self.filers.by_body[first.line.sender_id or 0]
        kind = KIND_OF_FORM[first.line.form]
        assert filer.clerk is not None
        filled = _WRITERS[kind.number](LetterRows(findings, filer, self.filers))
        # Line → the body's own row that asks for the same new certificate already.
        if kind.effect is not EffectKind.ISSUE:
            taken = {}
        else:
            hashes = {
                keyed_hash(key): one.line.pk
                for row, one in zip(filled, findings, strict=True)
                if (key := kind.identity_key(row.answers))
            }
            standing = open_rows([EffectKind.ISSUE]).filter(
                identity_hash__in=hashes, dossier__agency=filer.agency, plan_line__isnull=True
            )
            taken = {hashes[row.identity_hash]: row for row in standing}
        left = [place for place in range(len(findings)) if findings[place].line.pk not in taken]
        items = dict(taken)
        if left:
            made = self.draft(
                kind, [filled[place] for place in left], filer, variant=_variant(first)
            )
            items |= {findings[place].line.pk: made[n] for n, place in enumerate(left)}
        line_states.attach(
            self.filers.merger, items, [one.line for one in findings], now=self.filers.now
        )
        return len(findings)

    def draft(
        self, kind: Kind, filled: Sequence[Filled], filer: Filer, *, variant: str
    ) -> list[DossierItem]:
        """Make the draft in the clerk's name and return its rows in order."""
        actor, now = filer.clerk, self.filers.now
        assert actor is not None
        dossier = create_draft(kind.code, actor=actor, now=now, variant=variant)
        answers = with_numbers(filled, actor=actor, now=now)
        rows = [fitting(kind, row) for row in answers]
        import_rows(dossier, rows, actor=actor, now=now, version=dossier.version)
        dossier.refresh_from_db()
        save_letter(
            dossier,
            letter_number="",
            letter_date=None,
            contact=contact_of(kind, filer),
            note=note_of(self.filers),
            actor=actor,
            now=now,
            version=dossier.version,
        )
        dossier = Dossier.objects.get(pk=dossier.pk)
        notices.tell(
            User.objects.who_can(Capability.DRAFT, agency_id=dossier.agency_id),
            cause=f"merger-letter:{dossier.uuid}",
            title=clipped(_("Đã lập theo phương án sắp xếp: %s") % headline_of(dossier)),
            text=_("Xem lại từng dòng, bổ sung ô còn trống, ghi số, ngày văn bản rồi trình ký."),
            path=reverse("requests_app:detail", args=[dossier.uuid]),
            target_type="dossier",
            target_uuid=dossier.uuid,
            now=self.filers.now,
        )
        items = list(dossier.items.order_by("position"))
        for item in items:
            item.dossier = dossier
        return items

    @transaction.atomic
    def say_why(self, keys: Sequence[int], why: str) -> int:
        """Keep on the lines why no letter could be opened: a person has to see to it."""
        if lock(self.filers.merger.pk) is None:
            return 0
        failed = list(_still_planned(keys).values())
        for line in failed:
            line.outcome = why
        line_states.end(self.filers.merger, failed, LineState.FAILED, now=self.filers.now)
        return len(failed)


class _Routes:
    """Where letters go, each procedure, office and storage asked for once."""

    def __init__(self, filers: Filers) -> None:
        self._today = filers.today
        self._known: dict[tuple[str, int | None, str], tuple[object, ...]] = {}

    def of(self, procedure: str, office_id: int | None, storage: str) -> tuple[object, ...]:
        key = procedure, office_id, storage
        if key not in self._known:
            try:
                rule = rule_for(procedure, office_id=office_id, storage=storage, today=self._today)
            except Refused:
                self._known[key] = ()  # said when the letter is opened
            else:
                self._known[key] = rule.route, rule.addressee_id
        return self._known[key]


def _variant(finding: LineFinding) -> str:
    is_central = finding.storage == "rssp" and finding.line.form == "01"
    return CENTRAL if is_central else ""


def lock(pk: int) -> Merger | None:
    """Return the reorganisation locked; None when it is not in force any more."""
    found = Merger.objects.select_for_update(of=("self",), no_key=True).filter(
        pk=pk, state=MergerState.IN_FORCE
    )
    return found.select_related("office").first()


def _still_planned(keys: Iterable[int]) -> dict[int, PlanLine]:
    planned = PlanLine.objects.select_for_update(of=("self",), no_key=True).filter(
        pk__in=list(keys), state=LineState.PLANNED
    )
    return {line.pk: line for line in planned.order_by("sender", "stage", "pk")}
