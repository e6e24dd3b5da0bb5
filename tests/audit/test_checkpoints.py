"""Checkpoints: when they are written, what altering them does, what the command says."""

from __future__ import annotations

import json
import stat
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import transaction
from pytest_django import DjangoCaptureOnCommitCallbacks

from portal.audit import checkpoints, services, tasks
from portal.audit.models import AuditEntry, AuditHead
from tests.audit.builders import NOW, Actor, act, chain, forge, record_and_fail

pytestmark = pytest.mark.django_db


def lines() -> list[str]:
    return [
        line
        for path in sorted(Path(settings.CHECKPOINT_DIR).glob("*.jsonl"))
        for line in path.read_text().splitlines()
    ]


def write_lines(lines: list[str]) -> None:
    (path,) = Path(settings.CHECKPOINT_DIR).glob("*.jsonl")
    path.write_text("".join(f"{line}\n" for line in lines))


def key_file() -> Path:
    folder = Path(settings.CHECKPOINT_DIR)
    return folder.with_name("checkpoints-key") / "ed25519.pem"


@pytest.mark.django_db(transaction=True)
def test_a_checkpoint_follows_each_hundredth_entry() -> None:
    for count in (60, 39, 2, 98, 1, 250):
        with transaction.atomic():
            services.record_many([act()] * count, actor=Actor(), now=NOW)

    attested = [mark.sequence for mark in checkpoints.read_all()]

    assert attested == [101, 200, 450]


def test_what_is_rolled_back_is_not_attested(
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    with (
        django_capture_on_commit_callbacks(execute=True),
        pytest.raises(RuntimeError, match="after all"),
    ):
        record_and_fail(120)

    assert checkpoints.latest() is None


def test_a_checkpoint_that_cannot_be_written_does_not_undo_the_act(
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    Path(settings.CHECKPOINT_DIR).parent.mkdir(parents=True, exist_ok=True)
    Path(settings.CHECKPOINT_DIR).touch()  # a file where the folder should be

    with django_capture_on_commit_callbacks(execute=True), transaction.atomic():
        services.record_many([act()] * 100, actor=Actor(), now=NOW)

    assert AuditEntry.objects.count() == 100


def test_an_entry_before_the_last_checkpoint_is_not_attested_and_nothing_is_said_to_be_broken() -> (
    None
):
    chain(3, attest=3)
    second, third = AuditEntry.objects.filter(sequence__gt=1).order_by("sequence")

    assert services.attest(second, now=NOW) is None
    assert services.attest(third, now=NOW) is not None


def test_the_sweep_attests_what_was_written_since() -> None:
    assert not services.write_checkpoint(now=NOW)
    chain(3)

    assert services.write_checkpoint(now=NOW)
    assert not services.write_checkpoint(now=NOW)
    with transaction.atomic():
        services.record(act(), actor=Actor(), now=NOW)
    tasks.write_checkpoint()

    assert [mark.sequence for mark in checkpoints.read_all()] == [3, 4]


@pytest.mark.parametrize("kept", [0, 2, 4])
def test_the_sweep_does_not_attest_a_cut_chain(kept: int) -> None:
    chain(5, attest=5)
    forge(list(AuditEntry.objects.filter(sequence__lte=kept)))

    with pytest.raises(services.ChainBroken):
        services.write_checkpoint(now=NOW)

    with pytest.raises(services.ChainBroken):  # the run is noted as failed, and the beat goes on
        tasks.write_checkpoint()
    assert len(lines()) == 1


def test_the_sweep_does_not_attest_a_chain_written_anew() -> None:
    chain(5, attest=3)
    entries = list(AuditEntry.objects.all())
    entries[0].action = "dossier.reject"
    forge(entries)

    with pytest.raises(services.ChainBroken):
        services.write_checkpoint(now=NOW)


def test_an_older_mark_is_not_written_after_a_newer_one() -> None:
    assert checkpoints.write(200, "b" * 64, now=NOW)

    assert not checkpoints.write(100, "a" * 64, now=NOW)
    assert not checkpoints.write(200, "b" * 64, now=NOW)


def test_marks_go_on_over_months_and_a_clock_set_back() -> None:
    for sequence, days in ((100, 0), (200, 40), (300, -3), (400, 80)):
        checkpoints.write(sequence, "a" * 64, now=NOW + timedelta(days=days))

    assert [mark.sequence for mark in checkpoints.read_all()] == [100, 200, 300, 400]


def test_a_line_cut_by_a_crash_is_written_again() -> None:
    checkpoints.write(100, "a" * 64, now=NOW)
    (path,) = Path(settings.CHECKPOINT_DIR).glob("*.jsonl")
    whole = path.read_text()
    path.write_text(whole + whole[:30])

    checkpoints.write(200, "b" * 64, now=NOW)

    assert [mark.sequence for mark in checkpoints.read_all()] == [100, 200]


def test_the_key_lies_beside_the_folder_and_is_for_the_owner_alone() -> None:
    checkpoints.write(1, "a" * 64, now=NOW)

    assert stat.S_IMODE(key_file().stat().st_mode) == 0o600
    assert stat.S_IMODE(key_file().parent.stat().st_mode) == 0o700
    assert not list(Path(settings.CHECKPOINT_DIR).glob("*.pem"))


def test_a_lost_key_is_not_quietly_replaced() -> None:
    checkpoints.write(1, "a" * 64, now=NOW)
    key_file().unlink()

    with pytest.raises(checkpoints.Broken):
        checkpoints.write(2, "b" * 64, now=NOW)
    with pytest.raises(checkpoints.Broken):
        checkpoints.read_all()


def test_an_altered_removed_or_moved_mark_is_found() -> None:
    for sequence in (1, 2, 3, 4):
        checkpoints.write(sequence, "a" * 64, now=NOW)
    good = lines()
    altered = json.dumps(json.loads(good[1]) | {"entry_hash": "b" * 64})

    for bad in (
        [good[0], altered, *good[2:]],
        [good[0], *good[2:]],
        good[1:],
        [good[1], good[0], *good[2:]],
        [*good, "{}"],
        [*good, good[3]],
    ):
        write_lines(bad)
        with pytest.raises(checkpoints.Broken):
            checkpoints.read_all()


def test_the_command_says_that_all_is_well() -> None:
    chain(3, attest=2)
    out = StringIO()

    call_command("verify_audit", stdout=out)

    assert "3 entries verified, attested by checkpoints up to 2" in out.getvalue()


def test_the_command_fails_and_names_the_first_bad_entry() -> None:
    chain(5)
    AuditEntry.objects.filter(sequence__in=[3, 5]).update(action="dossier.reject")

    with pytest.raises(CommandError, match=r"broken at entry 3: it is not what was written") as end:
        call_command("verify_audit")

    assert end.value.returncode == 1


def test_the_command_fails_when_the_checkpoints_were_altered() -> None:
    chain(3, attest=3)
    write_lines([lines()[0].replace('"sequence": 3', '"sequence": 2')])

    with pytest.raises(CommandError, match="checkpoints cannot be trusted"):
        call_command("verify_audit")


def test_checkpoints_that_should_be_there_and_are_not_are_missed() -> None:
    with transaction.atomic():
        services.record_many([act()] * 100, actor=Actor(), now=NOW)

    with pytest.raises(CommandError, match="no checkpoint attests it"):
        call_command("verify_audit")


def test_a_head_row_is_made_once() -> None:
    chain(0)
    for _ in range(2):
        with transaction.atomic():
            services.record(act(), actor=None, now=NOW)

    assert AuditHead.objects.get().sequence == 2
