"""When a person wants mail, within what the law's clocks allow: the overdue is always mailed."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from portal.accounts.acts import act_about
from portal.accounts.models import User
from portal.audit import services as audit
from portal.notices.models import Mailing, NoticePreference


def mailing_of(user: User) -> Mailing:
    """Return what ``user`` chose; at once for who chose nothing."""
    chosen = NoticePreference.objects.filter(user=user).values_list("mailing", flat=True).first()
    return Mailing(chosen) if chosen else Mailing.AT_ONCE


@transaction.atomic
def choose(mailing: Mailing, *, actor: User, now: datetime) -> bool:
    """Note when ``actor`` wants mail from now on; False when nothing changes.

    What waits to be mailed follows the new choice; what is overdue is mailed at once with any.
    """
    actor = User.objects.select_for_update(no_key=True).get(pk=actor.pk)
    before = mailing_of(actor)
    if mailing == before:
        return False
    preference = NoticePreference.objects.filter(user=actor).first()
    preference = preference or NoticePreference(user=actor)
    preference.mailing, preference.changed_at = mailing, now
    preference.save()
    act = act_about("user.choose_mailing", actor, {"before": before.value, "after": mailing.value})
    audit.record(act, actor=actor, now=now)
    return True
