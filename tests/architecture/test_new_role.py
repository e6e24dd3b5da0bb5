"""A role more is a line in the table of roles and a line in the table of steps: nothing else."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.flows.house import ROOT, house

TREE = (
    "portal",
    "requests_app",
    "devices",
    "orgmerge",
    "templates",
    "static",
    "locale",
    "docs",
    "tests",
)
MEMBER = '    DRAFTER = "drafter", _("Chuyên viên soạn thảo")\n'
PROFILE = "    Role.DRAFTER: _profile(Scope.BODY, *_WORK, Capability.DRAFT),\n"
STEP = (
    "        _step(\n            Action.REQUEST_SIGNATURE, State.DRAFT, State.RETURNED,"
    " to=State.AWAITING_SIGNATURE, by=Role.DRAFTER,\n        ),\n"
)


def add(path: Path, line: str, *, before: str) -> None:
    text = path.read_text()
    assert text.count(before) == 1, (path, before)
    path.write_text(text.replace(before, line + before))


@pytest.mark.django_db
def test_who_drafts_and_may_not_send_is_two_lines(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    for folder in TREE:
        # With what is compiled of it, or the process compiles all of it anew.
        shutil.copytree(ROOT / folder, tree / folder, ignore=shutil.ignore_patterns("*.png"))
    shutil.copy(ROOT / "pyproject.toml", tree)
    roles = tree / "portal" / "core" / "roles.py"
    add(roles, MEMBER, before='    HEAD = "head"')
    add(roles, PROFILE, before="    Role.HEAD: _profile(")
    steps = tree / "requests_app" / "workflow.py"
    add(steps, STEP, before="        # The office: forwards or returns what goes to the CA")

    with house(tmp_path, redis_url="") as home:
        told = subprocess.run(
            [sys.executable, "-m", "tests.architecture.drafter"],
            cwd=tree,
            env={**home.environment, "PYTHONPATH": str(tree)},
            capture_output=True,
            text=True,
            check=False,
        )

    assert told.returncode == 0, told.stderr[-4000:]
    assert "drafted, and sent by another" in told.stdout
