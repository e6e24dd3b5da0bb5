"""An approved reorganisation takes effect on its day: bodies registered, succeeded, renamed.

Each chunk is one transaction under the lock of the reorganisation, each body in it a savepoint of
its own: a killed worker goes on where it was, two at once do nothing twice, and what cannot be done
to one body stands on it as its problem while the others go on.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TypeAlias

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from orgmerge.acts import merger_act
from orgmerge.approval.services import take_own_step
from orgmerge.edits import check_version
from orgmerge.models import Merger, MergerBody, MergerShare
from orgmerge.succession.bodies import basis_of, change, register, succeed
from orgmerge.succession.notices import tell_the_office
from orgmerge.succession.office_successors import successors_of_ended_offices, successors_of_offices
from orgmerge.vocabulary import MergerState
from orgmerge.workflow import MergerAction
from portal.accounts.models import User
from portal.agencies.models import Agency
from portal.agencies.services import hand_on_bodies
from portal.audit import services as audit
from portal.core.database.bulk import update_rows
from portal.core.roles import Capability
from portal.core.web.refusals import Refusals

AT_ONCE = 50  # bodies of one transaction: others wait that long for the end of the audit chain
_LONGEST = 500
_BODIES_AT_ONCE = 500  # bodies that only get another office: a handful of statements for all

Piece: TypeAlias = Callable[[Merger, datetime], tuple[int, int]]
# In the order in which they stand below: successors exist before anything passes to them; a body
# that lives on and gives a part away gives it away before its own new version begins.
PIECES: list[Piece] = []


def piece(work: Piece) -> Piece:
    """Have the effective day do this as well: some rows at a time, until none is left to try."""
    PIECES.append(work)
    return work


def take_effect(*, now: datetime) -> int:
    """Let every approved reorganisation whose day has come take effect; return how many bodies and
    successions were recorded. Safe to repeat."""
    due = Merger.objects.filter(
        state__in=[MergerState.APPROVED, MergerState.IN_FORCE],
        effective_on__lte=timezone.localdate(now),
    )
    keys = due.order_by("effective_on", "pk").values_list("pk", flat=True)
    return sum(_to_the_end(pk, now=now) for pk in keys)


@transaction.atomic
def try_again(merger: Merger, *, actor: User, now: datetime, version: int) -> int:
    """Let the next sweep try once more what could not be done; return how many rows.

    Raises Merger.DoesNotExist, PermissionDenied or StaleVersion.
    """
    found = Merger.objects.visible_to(actor).select_for_update(of=("self",), no_key=True)
    locked = found.select_related("office").get(pk=merger.pk)
    if not actor.can(Capability.PREPARE_REORGANISATIONS):
        raise PermissionDenied("only an officer of the office lets it be tried again")
    check_version(locked, version)
    count = locked.bodies.exclude(problem="").update(problem="")
    count += locked.shares.exclude(problem="").update(problem="")
    if count:
        audit.record(merger_act("merger.try_again", locked, failed=count), actor=actor, now=now)
    return count


def problems_of(merger: Merger) -> list[tuple[str, str]]:
    """Return (whose, why) for each body and succession that could not be recorded."""
    bodies = merger.bodies.exclude(problem="").order_by("position")
    shares = merger.shares.exclude(problem="").select_related("old").order_by("position")
    return [
        *((body.name, body.problem) for body in bodies),
        *dict.fromkeys((share.old.name, share.problem) for share in shares),
    ]


def _to_the_end(pk: int, *, now: datetime) -> int:
    done = 0
    for work in PIECES:
        while True:
            tried, recorded = _one_piece(pk, work, now=now)
            done += recorded
            if not tried:
                break
    _conclude(pk, now=now)
    return done


@transaction.atomic
def _one_piece(pk: int, work: Piece, *, now: datetime) -> tuple[int, int]:
    """Return how many rows were tried and how many of them are done now."""
    merger = _lock(pk)
    if merger is None:
        return 0, 0
    tried, done = work(merger, now)
    if done and merger.state == MergerState.APPROVED:
        # With the first body: from here on nothing is withdrawn, only mended or repealed.
        take_own_step(merger, MergerAction.TAKE_EFFECT, now=now)
    return tried, done


def _lock(pk: int) -> Merger | None:
    """Return the reorganisation locked; None when it was withdrawn or sent back meanwhile."""
    found = Merger.objects.select_for_update(of=("self",), no_key=True).filter(
        pk=pk, state__in=[MergerState.APPROVED, MergerState.IN_FORCE]
    )
    return found.select_related("office", "created_by", "approved_by").first()


@piece
def register_bodies(merger: Merger, now: datetime) -> tuple[int, int]:
    """Register founded bodies whose superior is there."""
    is_there = Q(parent_body__isnull=True) | Q(parent_body__agency__isnull=False)
    rows = merger.bodies.filter(is_there, agency__isnull=True, problem="")
    bodies = list(rows.select_related("parent", "parent_body__agency").order_by("position"))
    bodies = bodies[:AT_ONCE]
    olds = _olds_of(merger, bodies)
    offices = successors_of_offices(merger)
    for body in bodies:
        shares = olds.get(body.pk, [])
        body.problem = _refusal(_bound(register, merger, body, shares, offices=offices, now=now))
    _note_results(bodies, now=now)
    return len(bodies), _count(bodies)


@piece
def record_successions(merger: Merger, now: datetime) -> tuple[int, int]:
    """Record who succeeds the bodies, all shares of a body at once."""
    pending = merger.shares.filter(took_effect_at__isnull=True, problem="")
    unready = merger.shares.filter(new__isnull=False, new__agency__isnull=True)
    olds = pending.exclude(old__in=unready.order_by().values("old"))
    keys = list(olds.order_by("old").values_list("old", flat=True).distinct()[:AT_ONCE])
    shares = merger.shares.filter(old__in=keys).select_related("old", "new__agency")
    by_old: dict[int, list[MergerShare]] = {}
    for share in shares.order_by("old", "position"):
        by_old.setdefault(share.old_id, []).append(share)
    for group in by_old.values():
        problem = _refusal(_bound(succeed, merger, group[0].old, group, now=now))
        for share in group:
            share.problem = problem
    rows = [share for group in by_old.values() for share in group]
    _note_results(rows, now=now)
    return len(rows), _count(rows)


@piece
def change_bodies(merger: Merger, now: datetime) -> tuple[int, int]:
    """Give new versions to bodies that go on, once their own shares are recorded."""
    waiting = merger.shares.filter(took_effect_at__isnull=True)
    rows = merger.bodies.filter(agency__isnull=False, took_effect_at__isnull=True, problem="")
    rows = rows.exclude(agency__in=waiting.order_by().values("old"))
    bodies = list(rows.select_related("agency", "parent", "parent_body__agency")[:AT_ONCE])
    olds = _olds_of(merger, bodies)
    offices = successors_of_ended_offices(merger)
    for body in bodies:
        shares = olds.get(body.pk, [])
        body.problem = _refusal(_bound(change, merger, body, shares, offices=offices, now=now))
    _note_results(bodies, now=now)
    return len(bodies), _count(bodies)


@piece
def reassign_followed_bodies(merger: Merger, now: datetime) -> tuple[int, int]:
    """Let the bodies that an ended office followed be followed by who does its work (decision 21).

    Whoever it follows by now: those described, and those nothing else is new about.
    """
    for ended, successor in sorted(successors_of_ended_offices(merger).items()):
        if successor is None:
            continue  # counted by ``remaining_counts``
        count = hand_on_bodies(
            Agency.objects.get(pk=ended),
            successor,
            from_day=merger.effective_on,
            decision=merger.decision,
            at_once=_BODIES_AT_ONCE,
            now=now,
            basis=basis_of(merger),
        )
        if count:
            return count, count
    return 0, 0


def _bound(work: Callable[..., object], *args: object, **options: object) -> Callable[[], object]:
    return lambda: work(*args, **options)


def _refusal(work: Callable[[], object]) -> str:
    """Do ``work`` in a savepoint; return why it was refused, "" when it was not."""
    with Refusals() as refused, transaction.atomic():
        work()
    return " ".join(one.sentence for one in refused.violations)[:_LONGEST]


def _note_results(rows: list[MergerBody] | list[MergerShare], *, now: datetime) -> None:
    for row in rows:
        row.took_effect_at = None if row.problem else now
    fields = ["took_effect_at", "problem"]
    if rows and isinstance(rows[0], MergerBody):
        fields += ["agency", "is_founded"]
    update_rows(rows, fields)


def _count(rows: list[MergerBody] | list[MergerShare]) -> int:
    return sum(not row.problem for row in rows)


def _olds_of(merger: Merger, bodies: list[MergerBody]) -> dict[int, list[MergerShare]]:
    """Return described body → the shares of those that end in it: their codes are free."""
    living = merger.bodies.filter(agency__isnull=False).order_by().values("agency")
    shares = merger.shares.filter(new__in=bodies).select_related("old").order_by("position")
    found: dict[int, list[MergerShare]] = {}
    for share in shares.exclude(old__in=living):
        found.setdefault(share.new_id or 0, []).append(share)
    return found


@transaction.atomic
def _conclude(pk: int, *, now: datetime) -> None:
    """Say that it is in force once everything was tried, and tell the office what failed."""
    merger = _lock(pk)
    if merger is None:
        return
    problems = len(problems_of(merger))
    if merger.state == MergerState.IN_FORCE and merger.in_force_at is None:
        merger.in_force_at = now
        merger.save(update_fields=["in_force_at"])
        act = merger_act(
            "merger.in_force",
            merger,
            bodies=merger.bodies.filter(took_effect_at__isnull=False).count(),
            successions=merger.shares.filter(took_effect_at__isnull=False).count(),
            problems=problems,
        )
        tell_the_office(merger, "in-force", _("Đã có hiệu lực: %(title)s"), now=now)
        audit.record(act, actor=None, now=now)
    if problems:
        text = _("%(count)d đơn vị chưa ghi nhận được; xem lý do rồi cho thực hiện lại.")
        tell_the_office(
            merger,
            f"problems:{merger.version}",
            _("Có đơn vị chưa ghi nhận được: %(title)s"),
            text=text % {"count": problems},
            now=now,
        )
