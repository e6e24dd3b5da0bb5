"""All background sweeps as of a moment, in the order one prepares the next: for ``run_sweeps``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, TypeAlias

from devices import services as devices
from orgmerge import annexing
from orgmerge.services import (
    agency_list,
    carrying_out,
    following,
    making,
    preparing,
    records,
    taking_effect,
)
from portal.accounts.services import forget_expired
from portal.agencies.services import take_effect
from portal.audit.services import write_checkpoint
from portal.ca import ceremony, expiry, installation
from portal.ca import services as ca
from portal.ca.authority import NotConfigured
from portal.deadlines.models import Reminder
from portal.notices import mailing, reminders
from portal.notices.missing_days import warn_of_missing_days
from requests_app import execution, forwarding, freezing
from requests_app.spreadsheets import parked

NAMED = 20  # reminders shown one by one


@dataclass(frozen=True, slots=True)
class Done:
    """How much a sweep did, and what else is worth knowing."""

    did: int
    details: dict[str, Any] = field(default_factory=dict)


Sweep: TypeAlias = Callable[[datetime], Done]


def _once(work: Callable[..., int]) -> Sweep:
    return lambda now: Done(int(work(now=now)))


def _to_the_end(work: Callable[..., int]) -> Sweep:
    """Run what does a piece at a time until nothing is left."""

    def sweep(now: datetime) -> Done:
        whole = 0
        while did := work(now=now):
            whole += did
        return Done(whole)

    return sweep


def _with_a_ca(sweep: Sweep) -> Sweep:
    """Run what needs a CA; without one it waits, which is no failure."""

    def or_say_so(now: datetime) -> Done:
        try:
            return sweep(now)
        except NotConfigured as reason:
            return Done(0, {"not_configured": str(reason)})

    return or_say_so


def _freeze(now: datetime) -> Done:
    sweeps = [freezing.freeze_waiting, freezing.freeze_covering_letters]
    return Done(sum(_to_the_end(work)(now).did for work in sweeps))


def _make_papers(now: datetime) -> Done:
    sweeps = [agency_list.make_lists, records.make_records]
    return Done(sum(_to_the_end(work)(now).did for work in sweeps))


def _publish_crl(now: datetime) -> Done:
    published = ca.publish_crl(now=now)
    if published is None:
        return Done(0)
    return Done(1, {"number": published.number, "entries": published.entries})


def _remind(now: datetime) -> Done:
    told = reminders.remind_all(now=now)
    details: dict[str, Any] = asdict(told)
    if 0 < told.told + told.overtaken <= NAMED:
        rows = Reminder.objects.filter(at=now).select_related("deadline")
        details["thresholds"] = [
            {
                "deadline": str(row.deadline.uuid),
                "kind": row.deadline.kind,
                "threshold": row.threshold,
                "state": row.state,
            }
            for row in rows
        ]
    return Done(told.told, details)


# By the names of the tasks that run them; beat's own sign of life would tell nothing of beat here.
SWEEPS: Sequence[tuple[str, Sweep]] = (
    ("portal.agencies.tasks.show_new_versions", _once(take_effect)),
    ("orgmerge.tasks.take_effect", _once(taking_effect.take_effect)),
    ("orgmerge.tasks.follow", _once(following.follow)),
    ("orgmerge.tasks.drive", _once(carrying_out.drive)),
    ("orgmerge.tasks.make_papers", _make_papers),
    ("requests_app.tasks.freeze_letters", _freeze),
    ("requests_app.tasks.forward_covered", _to_the_end(forwarding.forward_waiting)),
    ("devices.tasks.make_keys", _with_a_ca(_to_the_end(devices.make_next_keys))),
    ("requests_app.tasks.execute_accepted", _to_the_end(execution.execute_accepted)),
    ("devices.tasks.lock_exhausted", _once(devices.lock_exhausted)),
    ("portal.ca.tasks.revoke_superseded", _once(installation.revoke_superseded)),
    ("orgmerge.tasks.make_plans", _to_the_end(making.make_waiting)),
    ("orgmerge.tasks.print_annexes", _to_the_end(annexing.make_waiting)),
    ("orgmerge.tasks.prepare_reviews", _to_the_end(preparing.prepare_waiting)),
    ("devices.tasks.recall_expired", _to_the_end(devices.recall_expired)),
    ("portal.ca.tasks.open_missing_doors", _to_the_end(expiry.open_missing)),
    ("portal.notices.tasks.remind", _remind),
    ("portal.ca.tasks.shut_doors", _to_the_end(expiry.shut_doors)),
    ("portal.notices.tasks.warn_of_missing_days", _once(warn_of_missing_days)),
    ("portal.notices.tasks.send_pending_mail", _once(mailing.send_waiting)),
    ("portal.ca.tasks.renew_responder", _with_a_ca(_once(ceremony.renew_responder))),
    ("portal.ca.tasks.publish_crl", _with_a_ca(_publish_crl)),
    ("portal.accounts.tasks.forget_expired", _once(forget_expired)),
    ("requests_app.tasks.drop_old_sheets", _once(parked.drop_old)),
    ("portal.audit.tasks.write_checkpoint", _once(write_checkpoint)),
)
