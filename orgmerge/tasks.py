"""The sweeps of reorganisations."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils.translation import gettext_lazy as _

from orgmerge.filing import services as filing
from orgmerge.plans import annexes, worker
from orgmerge.review import lists
from orgmerge.succession import agency_list, effective_day, handover, records
from portal.core.background.sweeps import sweep

ONE_PIECE = timedelta(0)


@sweep(
    "orgmerge.tasks.make_plans",
    every=timedelta(seconds=10),
    words=_("Lập phương án sắp xếp đơn vị"),
    order=130,
    in_pieces_for=ONE_PIECE,
)
def make_plans(*, now: datetime) -> int:
    """Make the plan that waits longest."""
    return worker.make_waiting(now=now)


@sweep(
    "orgmerge.tasks.print_annexes",
    every=timedelta(seconds=10),
    words=_("Lập phụ lục dài của kế hoạch xử lý"),
    order=140,
    in_pieces_for=ONE_PIECE,
)
def print_annexes(*, now: datetime) -> int:
    """Print the annex that waits longest, a minute of it at a time."""
    return annexes.print_waiting(now=now)


@sweep(
    "orgmerge.tasks.prepare_reviews",
    every=timedelta(seconds=10),
    words=_("Lập danh sách rà soát gửi các đơn vị"),
    order=150,
    in_pieces_for=ONE_PIECE,
)
def prepare_reviews(*, now: datetime) -> int:
    """Make the lists of a review round too long to be made at once."""
    return lists.prepare_waiting(now=now)


@sweep(
    "orgmerge.tasks.take_effect",
    every=timedelta(minutes=5),
    words=_("Ghi nhận đơn vị vào ngày hiệu lực sắp xếp"),
    order=20,
)
def take_effect(*, now: datetime) -> int:
    """Let approved reorganisations whose day has come take effect."""
    return effective_day.take_effect(now=now)


@sweep(
    "orgmerge.tasks.follow",
    every=timedelta(minutes=1),
    words=_("Bàn giao thuê bao, thiết bị cho đơn vị mới"),
    order=30,
)
def follow(*, now: datetime) -> int:
    """Let people, certificates, devices and dossiers pass to the new bodies."""
    return handover.hand_over(now=now)


@sweep(
    "orgmerge.tasks.make_papers",
    every=timedelta(minutes=5),
    words=_("Lập danh sách gửi Cục và biên bản bàn giao"),
    order=50,
    in_pieces_for=ONE_PIECE,
)
def make_papers(*, now: datetime) -> int:
    """Print the lists for the CA and the records of what was handed over."""
    return agency_list.make_lists(now=now) + records.make_records(now=now)


@sweep(
    "orgmerge.tasks.drive",
    every=timedelta(minutes=1),
    words=_("Lập và theo dõi hồ sơ theo phương án sắp xếp"),
    order=40,
)
def drive(*, now: datetime) -> int:
    """Open what can be filed by now, take over what came of it."""
    return filing.carry_out(now=now)
