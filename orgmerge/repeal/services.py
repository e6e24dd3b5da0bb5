"""Undoing a reorganisation that is in force: a new one, the other way round.

Nothing is deleted and no body or certificate that ended comes back to life: what ended is founded
anew under its old name, and a person looks the proposal through before it is planned.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Count, QuerySet
from django.utils.translation import gettext as _

from orgmerge.description.implied_rows import imply
from orgmerge.description.services import create_merger
from orgmerge.description.values import BodyFacts, MergerFacts
from orgmerge.models import Merger, MergerBody, MergerShare
from orgmerge.partners import services as partners
from orgmerge.vocabulary import Extent, LineAbout, LineAction, LineState, MergerState
from portal.accounts.models import User
from portal.agencies.models import Agency, AgencyVersion
from portal.core.rules import refuse

REPEALABLE = frozenset({MergerState.IN_FORCE, MergerState.COMPLETED})
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Restorable:
    """What a repeal can do about one thing that was carried out, in numbers."""

    bodies_living: int  # get their name and superior back
    bodies_ended: int  # are founded anew
    changed: int  # certificates that are changed once more
    revoked: int  # certificates that stay revoked


def may_be_repealed(merger: Merger) -> bool:
    """Say whether it is in force and no other reorganisation repeals it yet."""
    if merger.state not in REPEALABLE:
        return False
    return not merger.repealed_by.exclude(state=MergerState.WITHDRAWN).exists()


def restorable(merger: Merger) -> Restorable:
    """Return what a repeal of ``merger`` restores and what it cannot."""
    ended = _olds(merger).filter(dissolved_on__isnull=False).count()
    counts: dict[str, int] = {}
    if merger.approved_plan is not None:
        done = merger.approved_plan.lines.filter(about=LineAbout.CERTIFICATE, state=LineState.DONE)
        counts = dict(done.order_by().values_list("action").annotate(Count("pk")))
    return Restorable(
        bodies_living=_olds(merger).count() - ended,
        bodies_ended=ended,
        changed=counts.get(LineAction.CHANGE, 0),
        revoked=counts.get(LineAction.REVOKE, 0),
    )


@transaction.atomic
def repeal(merger: Merger, facts: MergerFacts, *, actor: User, now: datetime) -> Merger:
    """Open the reorganisation that undoes ``merger``, its rows turned round as a proposal.

    The leading office does; those that worked on it beside are asked to join. Raises
    Merger.DoesNotExist (not visible), PermissionDenied or Refused.
    """
    found = (
        Merger.objects.visible_to(actor)
        .select_for_update(of=("self",), no_key=True)
        .get(pk=merger.pk)
    )
    if not found.is_led_by(actor):
        raise PermissionDenied("the leading office repeals it")
    if not may_be_repealed(found):
        raise refuse(
            "not_repealable",
            _("Phương án chưa có hiệu lực, hoặc đã có phương án bãi bỏ."),
            way_out=_("Phương án chưa có hiệu lực thì rút; đã có phương án bãi bỏ thì sửa nó."),
        )
    made = create_merger(facts, actor=actor, now=now, repeals=found)
    # Describe each old body as it was on the last day before; return them by the old body.
    olds = {agency.pk: agency for agency in _olds(found).order_by("pk")}
    # Each body after the reorganisation goes back to those it came from: whole to one, else in
    # parts that a person divides. (body now, body before) once each, in the order of the rows.
    rows = found.shares.filter(new__agency__isnull=False).values_list("new__agency", "old")
    pairs = list(dict.fromkeys((new, old) for new, old in rows if new))
    # An office that ended with its body (DOMAIN 14.21) passed to nobody: nothing gives it back.
    ended = {(new, old) for new, old in pairs if new == old and olds[old].dissolved_on is not None}
    pairs = [pair for pair in pairs if pair not in ended]
    left = {old for _new, old in ended} - {old for _new, old in pairs}
    day, keys = found.effective_on - timedelta(days=1), sorted(olds.keys() - left)
    versions: dict[int, AgencyVersion] = {}
    for start in range(0, len(keys), _AT_ONCE):
        theirs = AgencyVersion.objects.on(day).filter(agency__in=keys[start : start + _AT_ONCE])
        versions |= {one.agency_id: one for one in theirs.select_related("parent", "office")}
    restored = {}
    for position, (old, version) in enumerate(versions.items(), start=1):
        columns = BodyFacts(facts=version.facts()).columns()
        columns["agency"] = olds[old] if olds[old].dissolved_on is None else None
        restored[old] = MergerBody(merger=made, position=position, **columns)
    MergerBody.objects.bulk_create(restored.values(), batch_size=_AT_ONCE)
    late = []
    for body in restored.values():
        above = restored.get(body.parent_id or 0)
        if above is not None and above.agency_id is None:
            body.parent, body.parent_body = None, above
            late.append(body)
    MergerBody.objects.bulk_update(late, ["parent", "parent_body"], batch_size=_AT_ONCE)
    pairs = [(new, old) for new, old in pairs if old in restored]
    ways = Counter(new for new, _old in pairs)
    MergerShare.objects.bulk_create(
        [
            MergerShare(
                merger=made,
                position=position,
                old_id=new,
                new=restored[old],
                extent=Extent.WHOLE if ways[new] == 1 else Extent.PARTLY,
            )
            for position, (new, old) in enumerate(pairs, start=1)
        ],
        batch_size=_AT_ONCE,
    )
    imply(made)
    partners.ask_partners_of(found, made, actor=actor, now=now)
    return made


def _olds(merger: Merger) -> QuerySet[Agency]:
    return Agency.objects.filter(pk__in=merger.shares.order_by().values("old"))
