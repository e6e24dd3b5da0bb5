"""A simulated year, played whole and with outages: no clock is missed, none is told twice."""

from __future__ import annotations

import logging
import shutil
import time
from collections import Counter
from collections.abc import Collection, Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from django.core import mail
from pytest_django import Settings

from portal.ca.authority import ceremony, keystore, responder
from portal.ca.authority import services as authority
from portal.core.roles import Role
from portal.deadlines.models import Reminder
from portal.notices.models import Mail, Notice
from tests import builders
from tests.amounts import amount
from tests.databases import taken_back
from tests.flows import year
from tests.flows.year import World, seeded
from tests.flows.year_clocks import Clock, clocks, differences, faults
from tests.flows.year_script import Script

CERTIFICATES = amount("YEAR_CERTIFICATES", short=80, long=500)
DOSSIERS = amount("YEAR_DOSSIERS", short=14, long=80)
DAYS = amount("YEAR_DAYS", short=60, long=365)
OUTAGES = amount("YEAR_OUTAGES", short=1, long=2)  # playings with outages
logger = logging.getLogger(__name__)
LONG_AGO = timedelta(days=5 * 365)


@pytest.fixture
def ca_then(db: None) -> Iterator[None]:
    """The simulated CA stands since before the oldest certificate."""
    authority.open_for_signing()
    ceremony.set_up(now=year.BEFORE - LONG_AGO)
    yield
    keystore.close()


def played(
    world: World,
    *,
    away: Collection[date],
    settings: Settings,
    of_the_world: Path,
    folder: Path,
) -> tuple[dict[tuple[str, str, int], Clock], Counter[str]]:
    """Play the year on the standing world and take it back; return its clocks and figures."""
    # A year that is taken back leaves its checkpoints: each begins with the world's.
    for name in ("checkpoints", "checkpoints-key"):
        if (of_the_world / name).exists():
            shutil.copytree(of_the_world / name, folder / name)
    settings.CHECKPOINT_DIR = folder / "checkpoints"
    mail.outbox.clear()
    began = time.monotonic()
    with taken_back():
        script = Script(world, DOSSIERS, seeded(2), days=DAYS)
        year.play(script.act, away=away, days=DAYS)
        found = clocks(script.stories)
        figures = Counter(Reminder.objects.values_list("state", flat=True))
        figures.update(
            rows=Reminder.objects.count(),
            clocks=len(found),
            notices=Notice.objects.count(),
            mails=len(mail.outbox),
            away=len(away),
            seconds=round(time.monotonic() - began),
        )
        assert faults(found, until=year.end_of(DAYS)) == []
        _check_tellings()
    responder._Loaded.responders = ()
    return found, figures


def _check_tellings() -> None:
    """Each notice once, each in one mail at most, each mail once."""
    causes = list(Notice.objects.values_list("recipient", "cause"))
    assert len(causes) == len(set(causes))
    assert len(mail.outbox) == Mail.objects.filter(sent_at__isnull=False).count()
    sent = [message.extra_headers["Message-ID"] for message in mail.outbox]
    assert len(sent) == len(set(sent))
    told = Reminder.objects.filter(state=Reminder.State.TOLD).select_related("deadline")
    said = {cause for _recipient, cause in causes}
    assert {f"deadline:{row.deadline.uuid}:{row.threshold}" for row in told} == {
        cause for cause in said if cause.startswith("deadline:")
    }


@pytest.mark.long
@pytest.mark.usefixtures("ca_then")
def test_a_year_with_outages_has_the_clocks_and_thresholds_of_a_whole_one(
    settings: Settings, tmp_path: Path
) -> None:
    world = year.settle(CERTIFICATES, stock=3 * DOSSIERS, random=seeded(1))
    kept = Path(settings.CHECKPOINT_DIR).parent
    whole, figures = played(
        world, away=(), settings=settings, of_the_world=kept, folder=tmp_path / "whole"
    )
    logger.info("whole: %s", dict(figures))

    for seed in range(OUTAGES):
        away = year.outages(seeded(seed), days=DAYS)
        with_gaps, figures_then = played(
            world,
            away=away,
            settings=settings,
            of_the_world=kept,
            folder=tmp_path / str(seed),
        )
        logger.info("with outages: %s", dict(figures_then))

        assert differences(whole, with_gaps) == []
        assert figures_then["overtaken"] > figures["overtaken"]
        assert figures_then["told"] < figures["told"]


@pytest.mark.usefixtures("ca_then")
def test_in_a_year_without_a_table_of_days_off_administrators_are_warned_once() -> None:
    administrators = [builders.user(Role.ADMINISTRATOR) for _one in range(2)]

    for day in range(1, 15):
        year.sweep(f"2027-01-{day:02d}T{year.SWEEPS_AT}")

    causes = Notice.objects.order_by("recipient").values_list("recipient", "cause")
    assert list(causes) == [(one.pk, "calendar:2027:2027-01") for one in administrators]
