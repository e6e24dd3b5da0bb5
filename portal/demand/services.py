"""Rounds and proposals: opened, written, sent as letters, corrected, summed up, compared."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Count, Max, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from portal.accounts.models import User
from portal.accounts.querysets import UserQuerySet
from portal.agencies.models import Agency, AgencyKind, SignedPaper
from portal.agencies.querysets import AgencyQuerySet
from portal.audit import services as audit
from portal.audit.look_only import refuse_look_only
from portal.ca.models import Certificate
from portal.ca.querysets import CertificateQuerySet
from portal.core.background.leases import LeaseLost
from portal.core.roles import Capability, roles_that_can
from portal.core.rules import Violation, refuse
from portal.core.text.names import in_proper_letters
from portal.core.text.numbers import with_dots
from portal.core.text.vietnamese import nfc
from portal.demand.acts import proposal_act, round_act
from portal.demand.known import issued_counts, known_of, proposed
from portal.demand.models import Cells, DemandCell, DemandProposal, DemandRound
from portal.demand.rows import BY_CODE, NOTES
from portal.documents.letters import Letter, filing_line
from portal.notices import services as notices
from requests_app.models import DossierItem
from requests_app.own_letters.steps import LetterKind
from requests_app.paper_workflow import PAPER_STEPS, PaperAction, PaperStage
from requests_app.submission.letter_content import CA_ADDRESSEE
from requests_app.submission.settlement import version_in_force
from requests_app.submission.signers import block_of, signer_on
from requests_app.workflow import ENDED

logger = logging.getLogger(__name__)
LEASE = timedelta(minutes=10)
TOLD_AT_ONCE = 500  # bodies
_YEARS_UPRIGHT = 5  # of more the table lies across


def letter_of(proposal: DemandProposal, *, now: datetime) -> Letter:
    """Return the proposal as it would be printed now."""
    of = proposal.round
    version = version_in_force(proposal.agency_id, timezone.localdate(now))
    on = timezone.localdate(now)
    signer = signer_on(proposal.agency_id, SignedPaper.OTHER, chosen=proposal.signer, on=on)
    block = block_of(proposal.agency, version, signer, heads=Capability.SIGN_REPORTS)
    is_to_ca = of.opened_by_body.kind == AgencyKind.CA
    span = f"{of.first_year} - {of.last_year}" if of.last_year > of.first_year else of.first_year
    subject = f"đề xuất nhu cầu cấp mới chứng thư số {'giai đoạn' if '-' in str(span) else 'năm'}"
    basis = f"Thực hiện {of.basis}, " if of.basis else ""
    rows, group = [], None
    for row in of.rows:
        if row.group is not None and row.group != group:
            rows.append([row.group[0], str(row.group[1]), "", *("" for _year in of.years), ""])
        group = row.group
        cells = proposal.cells.get(row.code, {})
        numbers = [with_dots(cells[year]) if year in cells else "" for year in of.years]
        rows.append([row.number, str(row.words), "CTS", *numbers, proposal.notes.get(row.code, "")])
    return Letter(
        superior=version.superior,
        agency=version.name,
        number=proposal.letter_number,
        place=version.place,
        day=proposal.letter_date,
        subject=f"{subject} {span}",
        addressees=[CA_ADDRESSEE if is_to_ca else in_proper_letters(of.opened_by_body.name)],
        opening=[f"{basis}{in_proper_letters(version.name)} {subject} {span}, cụ thể như sau:"],
        list_title="Nhu cầu",
        columns=[
            ("TT", "6%", ""),
            ("Nội dung", "", ""),
            ("Đvt", "7%", ""),
            *((year, "9%", "Số lượng") for year in of.years),
            ("Ghi chú", "15%", ""),
        ],
        rows=rows,
        notes=NOTES,
        recipients=["Như trên;", filing_line(proposal.letter_number)],
        signer_lines=block.lines,
        signer_name=block.name,
        lies_wide=len(of.years) > _YEARS_UPRIGHT,
    )


# Which row a form asks for, of a person's by what the key is stored in.
_ROW_OF = {
    "mau_01_person/token": "person_token",
    "mau_01_person/sim": "person_sim",
    "mau_01_person/sd": "person_sd",
    "mau_02_organisation": "organisation",
    "mau_03_system": "system",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundFacts:
    """What is typed to open a round."""

    title: str
    basis: str
    first_year: int
    last_year: int
    row_codes: list[str]
    due_on: date


@transaction.atomic
def open_round(facts: RoundFacts, *, actor: User, now: datetime) -> DemandRound:
    """Ask the bodies of an office, or from the CA the offices; the worker tells their people.

    Raises PermissionDenied.
    """
    refuse_look_only(actor, now=now)
    if not actor.can(Capability.ASK_FOR_DEMAND):
        raise PermissionDenied("only an office or the CA asks for demand")
    made = DemandRound.objects.create(
        opened_by_body=actor.agency,
        title=nfc(facts.title),
        basis=nfc(facts.basis),
        first_year=facts.first_year,
        last_year=facts.last_year,
        row_codes=facts.row_codes,
        due_on=facts.due_on,
        is_told=False,
        opened_by=actor,
        opened_at=now,
    )
    audit.record(round_act("demand_round.open", made), actor=actor, now=now)
    return made


@transaction.atomic
def move_due(of: DemandRound, due_on: date, reason: str, *, actor: User, now: datetime) -> None:
    """Let bodies answer until another day; the worker tells those that have not answered.

    Raises DoesNotExist, PermissionDenied, or Refused where the round is over, or the day the same.
    """
    found = _lock_round(of, actor=actor)
    if found.closed_at is not None or found.due_on == due_on:
        raise refuse(
            "due_not_moved",
            _("Đợt đề xuất đã kết thúc, hoặc hạn gửi vẫn là ngày đó."),
            way_out=_("Tải lại trang; chọn ngày khác."),
        )
    was, found.due_on, found.due_reason = found.due_on, due_on, nfc(reason)
    found.due_moves += 1
    found.is_told, found.told_up_to, found.claimed_until = False, 0, None
    found.save()
    notices.settle("demand_round", found.uuid, now=now)
    days = {"was": was.isoformat(), "due_on": due_on.isoformat()}
    audit.record(round_act("demand_round.move_due", found, **days), actor=actor, now=now)


def tell_next(*, now: datetime) -> int:
    """Tell the next bodies of the round that waits longest, but those that have answered; return
    how many pieces were done (0 or 1).

    Safe to run twice and twice at once: a piece is written by whose the row is.
    """
    claim = DemandRound.objects.to_tell().claim_next(now=now, lease=LEASE)
    if claim is None:
        return 0
    of = DemandRound.objects.select_related("opened_by_body").get(pk=claim.pk)
    answered = DemandProposal.objects.in_force().filter(round=of).order_by().values("agency")
    silent = bodies_asked(of, today=timezone.localdate(now)).exclude(pk__in=answered)
    left = silent.filter(pk__gt=of.told_up_to).order_by("pk").values_list("pk", flat=True)
    bodies = list(left[: TOLD_AT_ONCE + 1])
    is_last, bodies = len(bodies) <= TOLD_AT_ONCE, bodies[:TOLD_AT_ONCE]
    try:
        with transaction.atomic():
            claim.end(is_told=is_last, told_up_to=bodies[-1] if bodies else of.told_up_to)
            notices.tell(
                _writers(bodies),
                cause=f"demand-round:{of.pk}:{of.due_moves}",
                title=_("Đề xuất nhu cầu chứng thư trước %(day)s: %(title)s")
                % {"day": f"{of.due_on:%d/%m/%Y}", "title": of.title},
                text=_("Đã đổi hạn gửi: %s") % of.due_reason if of.due_moves else of.basis,
                path=reverse("demand:round", args=[of.uuid]),
                target_type="demand_round",
                target_uuid=of.uuid,
                asks=True,
                now=now,
            )
    except LeaseLost:
        logger.warning("round %s was changed, or another worker tells of it", of.pk)
    return 1


def _writers(agencies: Any) -> UserQuerySet:
    writers = roles_that_can(Capability.REPORT)
    return User.objects.filter(agency__in=agencies, role__in=writers, is_active=True)


@transaction.atomic
def close_round(of: DemandRound, *, actor: User, now: datetime) -> None:
    """End a round: nobody sends to it any more. Raises DoesNotExist or PermissionDenied."""
    found = _lock_round(of, actor=actor)
    if found.closed_at is None:
        found.closed_at = now
        found.save(update_fields=["closed_at"])
        notices.settle("demand_round", found.uuid, now=now)
        audit.record(round_act("demand_round.close", found), actor=actor, now=now)


def _lock_round(of: DemandRound, *, actor: User) -> DemandRound:
    rows = DemandRound.objects.visible_to(actor).select_related("opened_by_body__office")
    found = rows.select_for_update(of=("self",), no_key=True).get(pk=of.pk)
    if not is_keeper(found, actor):
        raise PermissionDenied("a round is kept by the body that opened it")
    return found


def is_keeper(of: DemandRound, user: User) -> bool:
    """Say whether ``user`` keeps the round: corrects what came in, ends it."""
    return of.opened_by_body_id in user.body_ids and user.can(Capability.ASK_FOR_DEMAND)


def bodies_asked(of: DemandRound, *, today: date) -> AgencyQuerySet:
    """Return the bodies with a seal a round asks: an office's, or of the CA's the offices and the
    bodies that have none."""
    existing = Agency.objects.existing(today).filter(has_seal=True)
    if of.opened_by_body.kind == AgencyKind.CA:
        return existing.filter(office__isnull=True).exclude(kind=AgencyKind.CA)
    return existing.filter(office=of.opened_by_body)


@transaction.atomic
def start_proposal(of: DemandRound, *, actor: User, now: datetime) -> DemandProposal:
    """Open the body's next proposal, or return the one it has open.

    An office's begins as the sum of what its own rounds of the same years brought in. Raises
    PermissionDenied, or Refused where the round is over or does not ask the body.
    """
    refuse_look_only(actor, now=now)
    if not actor.can(Capability.REPORT):
        raise PermissionDenied("only who writes a body's reports proposes")
    # Two who begin at once meet here.
    of = DemandRound.objects.select_for_update(of=("self",), no_key=True).get(pk=of.pk)
    asked = bodies_asked(of, today=timezone.localdate(now))
    if of.closed_at is not None or not asked.filter(pk=actor.agency_id).exists():
        raise refuse(
            "round_is_over",
            _("Đợt đề xuất đã kết thúc, hoặc không hỏi đơn vị này."),
            way_out=_("Liên hệ nơi mở đợt."),
        )
    theirs = DemandProposal.objects.filter(round=of, agency=actor.agency)
    open_one = theirs.exclude(stage__in=[PaperStage.ISSUED, PaperStage.CANCELLED]).first()
    if open_one is not None:
        return open_one
    last = theirs.filter(stage=PaperStage.ISSUED).order_by("number").last()
    made = DemandProposal.objects.create(
        round=of,
        agency=actor.agency,
        number=(theirs.aggregate(Max("number"))["number__max"] or 0) + 1,
        cells=dict(last.agreed) if last else sum_of_rounds(of, actor.agency),
        known=known_of(actor.agency, of, now=now),
        made_by=actor,
        made_at=now,
        updated_at=now,
    )
    made.edited_by.add(actor)
    audit.record(proposal_act("demand.start", made), actor=actor, now=now)
    return made


def sum_of_rounds(of: DemandRound, office: Agency) -> dict[str, dict[str, int]]:
    """Return what the bodies of ``office`` proposed, as corrected, in its last round that asked for
    the years of ``of``: a year may stand in several rounds."""
    asked = DemandRound.objects.filter(
        opened_by_body=office, first_year__lte=of.first_year, last_year__gte=of.last_year
    )
    last = asked.order_by("opened_at", "pk").last()
    rows = DemandProposal.objects.in_force().filter(round=last) if last else ()
    return summed((one.agreed for one in rows), of)


def summed(all_cells: Iterable[Cells], of: DemandRound) -> dict[str, dict[str, int]]:
    """Add up cells over the rows and years of a round; what is nothing everywhere is left out."""
    sums: dict[str, Counter[str]] = {row.code: Counter() for row in of.rows}
    for cells in all_cells:
        for code, by_year in cells.items():
            if code in sums:
                sums[code].update({year: by_year.get(year, 0) for year in of.years})
    return {code: dict(+by_year) for code, by_year in sums.items() if +by_year}


@transaction.atomic
def write(
    proposal: DemandProposal,
    cells: Cells,
    notes: Mapping[str, str],
    *,
    actor: User,
    now: datetime,
    version: int,
) -> DemandProposal:
    """Keep what was typed into the form. Raises as ``LetterKind.lock``."""
    found = PROPOSALS.lock(proposal, actor=actor, version=version, stage=PaperStage.DRAFT)
    found.cells = cells
    found.notes = {code: nfc(words) for code, words in notes.items() if words.strip()}
    PROPOSALS.touch(found, "edit", actor=actor, now=now)
    return found


@transaction.atomic
def take_proposed(
    proposal: DemandProposal, *, actor: User, now: datetime, version: int
) -> DemandProposal:
    """Put the portal's proposal into the cells that are empty. Raises as ``LetterKind.lock``."""
    found = PROPOSALS.lock(proposal, actor=actor, version=version, stage=PaperStage.DRAFT)
    of = DemandRound.objects.get(pk=found.round_id)
    cells = {code: dict(by_year) for code, by_year in found.cells.items()}
    for row in of.rows:
        for year in of.years:
            if known := found.known.get(row.code):
                number = proposed(known, is_first_year=year == of.years[0], year=year)
                cells.setdefault(row.code, {}).setdefault(year, number)
    found.cells = cells
    PROPOSALS.touch(found, "edit", actor=actor, now=now)
    return found


@transaction.atomic
def correct(
    proposal: DemandProposal, cells: Cells, reason: str, *, actor: User, now: datetime
) -> DemandProposal:
    """Put other numbers beside those that were sent; the body's own stay and are seen.

    Raises DoesNotExist, PermissionDenied, or Refused without a reason or where it was replaced.
    """
    rows = DemandProposal.objects.visible_to(actor).select_related(
        "round__opened_by_body", "agency__office"
    )
    found = rows.select_for_update(of=("self",), no_key=True).get(pk=proposal.pk)
    if not is_keeper(found.round, actor):
        raise PermissionDenied("proposals are corrected by who asked for them")
    if not reason.strip():
        raise refuse("no_reason", _("Phải nêu lý do điều chỉnh."), way_out=_("Ghi lý do."))
    if found.is_replaced or found.stage != PaperStage.ISSUED:
        raise refuse(
            "proposal_replaced",
            _("Đơn vị đã gửi đề xuất khác thay cho bản này."),
            way_out=_("Điều chỉnh bản gửi sau cùng."),
        )
    found.corrected = {} if cells == found.cells else cells
    found.correction_reason = nfc(reason)
    found.corrected_by, found.corrected_at = actor, now
    found.version += 1
    found.save()
    _keep_cells(found)
    audit.record(proposal_act("demand.correct", found), actor=actor, now=now)
    return found


def actual_of(of: DemandRound, certificates: CertificateQuerySet) -> dict[str, dict[str, int]]:
    """Return how many of ``certificates`` were newly issued for each row in each year."""
    counted = certificates.aggregate(**issued_counts(of))
    return {row.code: {year: counted[f"{row.code}_{year}"] for year in of.years} for row in of.rows}


def warn_of_overruns(*, now: datetime) -> int:
    """Tell the body and who asked where more was issued or asked for this year than was agreed.

    Told once for each row and year of a proposal. Returns how many people were told.
    """
    words = _("%(body)s: %(row)s năm %(year)s đã cấp và đề nghị %(count)d, kế hoạch %(wanted)d")
    year = str(timezone.localdate(now).year)
    told = 0
    rounds = DemandRound.objects.filter(first_year__lte=int(year), last_year__gte=int(year))
    for of in rounds.select_related("opened_by_body"):
        agreed = DemandProposal.objects.in_force().filter(round=of).select_related("agency")
        proposals = {one.agency_id: one for one in agreed}
        used = _used(of, list(proposals), year=year)
        for agency, proposal in proposals.items():
            for row in of.rows:
                wanted = proposal.agreed.get(row.code, {}).get(year)
                count = used.get((agency, row.code), 0)
                if wanted is None or count <= wanted:
                    continue
                facts = {"body": proposal.agency.name, "row": row.words, "year": year}
                told += notices.tell(
                    _writers([proposal.agency_id, of.opened_by_body_id]),
                    cause=f"demand-over:{proposal.pk}:{row.code}:{year}",
                    title=words % {**facts, "count": count, "wanted": wanted},
                    text=_("Gửi đề xuất bổ sung, hoặc rà soát lại các đề nghị đang chờ."),
                    path=reverse("demand:proposal", args=[proposal.uuid]),
                    target_type="demand_proposal",
                    target_uuid=proposal.uuid,
                    now=now,
                )
    return told


def _used(of: DemandRound, agencies: list[int], *, year: str) -> Counter[tuple[int, str]]:
    """Return (body, row) → how many were issued in the year and are asked for; what an office
    proposes is for its bodies too. Two queries."""
    used: Counter[tuple[int, str]] = Counter()
    columns = [f"{row.code}_{year}" for row in of.rows]
    theirs = Certificate.objects.filter(Q(agency__in=agencies) | Q(office__in=agencies))
    issued = theirs.order_by().values("agency", "office").annotate(**issued_counts(of))
    for agency, office, *counts in issued.values_list("agency", "office", *columns):
        for body in {agency, office}:
            used.update({(body, row.code): n for row, n in zip(of.rows, counts, strict=True)})
    asked = DossierItem.objects.filter(
        Q(dossier__agency__in=agencies) | Q(dossier__office__in=agencies),
        dossier__sent_at__year=int(year),
        result__isnull=True,
    ).exclude(Q(dossier__state__in=ENDED) | Q(decision="refused"))
    kinds = asked.order_by().values_list(
        "dossier__agency", "dossier__office", "dossier__kind", "storage"
    )
    for agency, office, kind, storage, count in kinds.annotate(Count("pk")):
        if (row_code := _ROW_OF.get(kind) or _ROW_OF.get(f"{kind}/{storage}")) in BY_CODE:
            for body in {agency, office}:
                used[body, str(row_code)] += count
    return used


def _problems(proposal: DemandProposal, action: str) -> list[Violation | None]:
    if action not in (PaperAction.REQUEST_SIGNATURE, PaperAction.SEAL):
        return []
    is_over = proposal.round.closed_at is not None
    missing = action == PaperAction.REQUEST_SIGNATURE and any(
        year not in proposal.cells.get(row.code, {})
        for row in proposal.round.rows
        for year in proposal.round.years
    )
    return [
        Violation(
            "round_is_over",
            _("Đợt đề xuất đã kết thúc."),
            way_out=_("Liên hệ nơi mở đợt."),
        )
        if is_over
        else None,
        Violation(
            "cells_missing",
            _("Còn ô chưa ghi số; không có nhu cầu thì ghi 0."),
            way_out=_("Ghi đủ các ô, hoặc bấm “Điền theo số hệ thống đề xuất”."),
        )
        if missing
        else None,
    ]


def _follow(proposal: DemandProposal, action: str, now: datetime) -> None:
    """What is sent takes the place of what the body sent before, and answers the question."""
    if action != PaperAction.SEAL:
        return
    earlier = DemandProposal.objects.filter(
        round=proposal.round_id, agency=proposal.agency_id, stage=PaperStage.ISSUED
    )
    earlier.exclude(pk=proposal.pk).update(is_replaced=True)
    _keep_cells(proposal)
    notices.settle("demand_round", proposal.round.uuid, at=proposal.agency_id, now=now)


def _keep_cells(proposal: DemandProposal) -> None:
    """Write what was sent cell by cell, for reports to add up."""
    proposal.sent_cells.all().delete()
    asked, agreed = proposal.cells, proposal.agreed
    DemandCell.objects.bulk_create(
        DemandCell(
            proposal=proposal,
            row=row.code,
            year=int(year),
            asked=asked.get(row.code, {}).get(year, 0),
            agreed=agreed.get(row.code, {}).get(year, 0),
        )
        for row in proposal.round.rows
        for year in proposal.round.years
    )


PROPOSALS: LetterKind[DemandProposal] = LetterKind(
    rows=DemandProposal.objects.select_related("round__opened_by_body"),
    steps=PAPER_STEPS,
    edits=Capability.REPORT,
    code="demand",
    target_type="demand_proposal",
    act=proposal_act,
    letter_of=lambda proposal, now: letter_of(proposal, now=now),
    file_name=lambda proposal: f"CV-nhu-cau-{proposal.letter_number.replace('/', '-')}.pdf",
    named=lambda proposal: (
        proposal.title,
        reverse("demand:proposal", args=[proposal.uuid]),
    ),
    problems=_problems,
    follow=_follow,
)
