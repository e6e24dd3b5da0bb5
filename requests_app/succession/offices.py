"""Another office does the work of one: what lies on its desk, its letters not sent yet, its clocks.

Because the office ended, or because the body that sent a dossier is followed by another one now.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db import transaction

from portal.agencies.models import Agency
from portal.audit import services as audit
from portal.core.database.bulk import update_rows
from portal.deadlines import services as deadlines
from portal.deadlines.models import Deadline, DeadlineKind
from requests_app.acts import letter_act
from requests_app.letter_workflow import LEFT_THE_OFFICE, Stage
from requests_app.models import CoveredDossier, CoveringLetter, Dossier
from requests_app.words import move_words

UNSENT = frozenset({Stage.DRAFT, Stage.AWAITING_SIGNATURE, Stage.AWAITING_SEAL})


@transaction.atomic
def go_to_offices(
    dossiers: Sequence[Dossier], offices: Mapping[int, Agency], *, now: datetime
) -> list[Dossier]:
    """Let the offices of ``offices`` (by dossier) see to locked open dossiers from now on, with the
    clocks that run about them; return those that moved.

    What another office has under a covering letter stays until that letter is gone: the letter
    names it. The caller audits.
    """
    # The dossiers that have to wait; those in drafts of others are taken out of them.
    covered = CoveredDossier.objects.filter(dossier__in=dossiers, outcome="")
    rows = covered.select_related("letter").select_for_update(of=("self",), no_key=True)
    of_others = [
        row
        for row in rows.order_by("pk")
        if row.dossier_id in offices and row.letter.office_id != offices[row.dossier_id].pk
    ]
    drafted = [row.pk for row in of_others if row.letter.stage == Stage.DRAFT]
    CoveredDossier.objects.filter(pk__in=drafted).delete()
    held = {row.dossier_id for row in of_others if row.letter.stage != Stage.DRAFT}
    moved = []
    for one in dossiers:
        office = offices.get(one.pk)
        if office is None or office.pk == one.office_id or one.pk in held:
            continue
        if one.addressee_id == one.office_id:  # the office decides itself, or receives
            one.addressee = office
        one.office = office
        moved.append(one)
    update_rows(moved, ["office", "addressee"])
    move_words(moved)
    # Whoever owes them, the new office watches; its own check it owes itself.
    of_dossier = {one.uuid: one for one in moved}
    clocks = Deadline.objects.open().filter(target_uuid__in=list(of_dossier))
    groups: dict[tuple[int, int, int], list[Deadline]] = defaultdict(list)
    for clock in clocks.select_related("agency").order_by("pk"):
        office = of_dossier[clock.target_uuid].office
        assert office is not None
        owner = office if clock.kind == DeadlineKind.OFFICE_CHECK else clock.agency
        groups[clock.agency_id, owner.pk, office.pk].append(clock)
    bodies = Agency.objects.in_bulk({pk for _old, *after in groups for pk in after})
    for (old, owed_by, watched_by), group in groups.items():
        deadlines.pass_on(
            [clock.target_uuid for clock in group],
            agency=bodies[owed_by],
            office=bodies[watched_by],
            now=now,
            owed_by=[old],
        )
    return moved


@transaction.atomic
def take_over_letters(
    letters: Sequence[CoveringLetter], office: Agency, *, reason: str, now: datetime
) -> None:
    """Let ``office`` write locked letters that were not sent to their end, in its own name.

    The number was another office's, and so is the name above what was printed or signed.
    """
    for letter in letters:
        if letter.stage in LEFT_THE_OFFICE:
            raise AssertionError("what was sent stays as it was printed")
        letter.office = office
        letter.stage = Stage.DRAFT
        letter.letter_number, letter.letter_date = "", None
        letter.letter = letter.signed_letter = letter.scan = None
        letter.signed_by = letter.signed_at = None
        letter.sent_back_reason = reason
        letter.version += 1
        letter.updated_at = now
        letter.save()
    acts = [letter_act("covering.take_over", letter) for letter in letters]
    audit.record_many(acts, actor=None, now=now)
