"""What to look at before the effective day: last chances to renew or change, missing accounts."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from orgmerge.models import Merger, MergerBody, MergerShare, Plan
from orgmerge.planner.validity import DAYS_LEFT_TO_ASK
from orgmerge.vocabulary import LineAbout
from portal.accounts.models import User
from portal.ca.models import Certificate
from portal.core.roles import Capability, roles_that_can

NEEDED = (Capability.DRAFT, Capability.SIGN_LETTERS)  # what a body needs an account for
_ASK = timedelta(days=DAYS_LEFT_TO_ASK)


def closing_lines(lines: QuerySet[Any], merger: Merger, *, today: date) -> QuerySet[Any]:
    """Return the lines about certificates that can be renewed or changed today (30 days and more),
    and no longer on the effective day."""
    standing = Certificate.objects.filter(
        agency__in=merger.shares.order_by().values("old"),
        revoked_at__isnull=True,
        successors=None,
        not_after__gte=_midnight(today + _ASK),
        not_after__lt=_midnight(max(merger.effective_on, today) + _ASK),
    )
    keys = standing.order_by().values("pk")
    return lines.filter(about=LineAbout.CERTIFICATE, target_id__in=keys)


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


def bodies_without(capability: Capability, merger: Merger) -> QuerySet[MergerBody]:
    """Return the bodies after the reorganisation that will have no account that can do this:
    neither has the one that lives on nor one that passes to it as a whole or in part."""
    people = User.objects.filter(role__in=roles_that_can(capability), is_active=True).order_by()
    olds = MergerShare.objects.filter(new=OuterRef("pk"), old__in=people.values("agency"))
    has_own = Q(agency__in=people.values("agency"))
    return merger.bodies.exclude(has_own).exclude(Exists(olds)).order_by("position", "pk")


def points_to_heed(merger: Merger, plan: Plan, *, today: date) -> int:
    """Count the sorts of things a plan asks to look at before it is approved."""
    closing = closing_lines(plan.lines.all(), merger, today=today).exists()
    without = sum(bodies_without(capability, merger).exists() for capability in NEEDED)
    return len(plan.counts.get("warnings", {})) + closing + without


def moment_words(plan: Plan) -> str:
    """Say who has looked at what is to be heeded, and when; "" while nobody has."""
    if plan.heeded_by is None or plan.heeded_at is None:
        return ""
    return _("%(name)s đã xem các điều cần lưu ý lúc %(at)s.") % {
        "name": plan.heeded_by.full_name,
        "at": f"{timezone.localtime(plan.heeded_at):%H:%M %d/%m/%Y}",
    }
