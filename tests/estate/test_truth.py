"""A made-up messy estate is handed in, and what was found is held against the sheet of truth."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from tests import story

pytestmark = pytest.mark.django_db


def test_the_faults_of_a_messy_estate_are_found_and_nothing_else(
    settings: Any, tmp_path: Path
) -> None:
    officer = story.cast().officer.username
    settings.TRUST_ANCHORS = str(tmp_path / "anchor")
    call_command("seed_estate", tmp_path, "--as", officer, "--bodies=4", "--people=600", "--seed=5")
    truth, told = tmp_path / "truth.csv", io.StringIO()

    with pytest.raises(CommandError):  # there are findings
        call_command(
            "bring_estate", tmp_path, "--as", officer, "--truth", truth, stdout=told, stderr=told
        )

    found = json.loads(next(line for line in told.getvalue().splitlines() if line[:1] == "{"))
    assert found["faults"] > 8
    assert (found["recall"], found["precision"]) == (1, 1), found["rows"]
