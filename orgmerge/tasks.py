"""Background work: read the clock, call a service."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

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
from portal.core.sweeps import noted


@shared_task(ignore_result=True, expires=30)
@noted
def make_plans() -> int:
    """Every 10 seconds: make the plan that waits longest."""
    return making.make_waiting(now=timezone.now())


@shared_task(ignore_result=True, expires=30)
@noted
def print_annexes() -> int:
    """Every 10 seconds: print the annex that waits longest, a minute of it at a time."""
    return annexing.make_waiting(now=timezone.now())


@shared_task(ignore_result=True, expires=30)
@noted
def prepare_reviews() -> int:
    """Every 10 seconds: make the lists of a review round too long to be made at once."""
    return preparing.prepare_waiting(now=timezone.now())


@shared_task(ignore_result=True, expires=300)
@noted
def take_effect() -> int:
    """Every 5 minutes: let approved reorganisations whose day has come take effect."""
    return taking_effect.take_effect(now=timezone.now())


@shared_task(ignore_result=True, expires=60)
@noted
def follow() -> int:
    """Every minute: let people, certificates, devices and dossiers go over to the new bodies."""
    return following.follow(now=timezone.now())


@shared_task(ignore_result=True, expires=300)
@noted
def make_papers() -> int:
    """Every 5 minutes: print the lists for the CA and the records of what was handed over."""
    now = timezone.now()
    return agency_list.make_lists(now=now) + records.make_records(now=now)


@shared_task(ignore_result=True, expires=60)
@noted
def drive() -> int:
    """Every minute: open what can be filed by now, take over what came of it."""
    return carrying_out.drive(now=timezone.now())
