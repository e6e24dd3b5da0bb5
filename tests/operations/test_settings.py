"""What the environment makes of the settings: the demo's ease is never production's."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.flows.house import ROOT

SECRETS = {"SECRET_KEY": "a", "FIELD_KEY": "b", "FILE_KEY": "c"}
STRICT = ("SECURE_SSL_REDIRECT", "SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE")
ASK = f"""
import json
from django.conf import settings
print(json.dumps([settings.DEBUG, settings.SECURE_HSTS_SECONDS > 0,
      *(getattr(settings, name) for name in {STRICT})]))
"""


def run(folder: Path, code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    given = {"PATH": os.environ["PATH"], "DATA_DIR": str(folder), "DEBUG": "0"} | environment
    given["DJANGO_SETTINGS_MODULE"] = "portal.settings"
    command = [sys.executable, "-c", code]
    return subprocess.run(command, cwd=ROOT, env=given, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("environment", "is_strict"),
    [
        (SECRETS, True),
        (SECRETS | {"PUBLIC_URL": "https://portal.example"}, True),
        (SECRETS | {"PUBLIC_URL": "http://portal.example"}, True),
        (SECRETS | {"PUBLIC_URL": ""}, True),
        ({"SIMULATION": "1", "PUBLIC_URL": "https://portal.example"}, True),
        ({"SIMULATION": "1", "PUBLIC_URL": "http://127.0.0.1:8000"}, False),
        ({"SIMULATION": "1"}, False),
    ],
)
def test_only_a_simulation_may_be_visited_by_plain_http(
    tmp_path: Path, environment: dict[str, str], is_strict: bool
) -> None:
    done = run(tmp_path, ASK, **environment)

    found: list[Any] = json.loads(done.stdout)
    assert found == [False, *[is_strict] * 4], done.stderr


@pytest.mark.parametrize("name", SECRETS)
def test_production_makes_no_secret(tmp_path: Path, name: str) -> None:
    given = {key: value for key, value in SECRETS.items() if key != name}

    done = run(tmp_path, ASK, **given)

    assert done.returncode != 0
    assert f"{name} must be set in production" in done.stderr
    assert not (tmp_path / name.lower()).exists()


def test_an_empty_secret_is_named_and_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "field_key").touch()

    done = run(tmp_path, ASK, SIMULATION="1")

    assert done.returncode != 0
    assert f"{tmp_path / 'field_key'} is empty" in done.stderr
    assert (tmp_path / "field_key").read_bytes() == b""


def test_those_that_start_at_once_share_their_secrets(tmp_path: Path) -> None:
    names = ", ".join(f"settings.{name}" for name in SECRETS)
    ask = f"from portal import settings; print({names})"
    given = {"PATH": os.environ["PATH"], "DATA_DIR": str(tmp_path), "SIMULATION": "1"}
    starters = [
        subprocess.Popen([sys.executable, "-c", ask], cwd=ROOT, env=given, stdout=subprocess.PIPE)
        for _ in range(6)
    ]

    found = {starter.communicate()[0] for starter in starters}

    assert len(found) == 1
    assert [len(secret) for secret in found.pop().split()] == [64, 64, 64]
    assert {path.stat().st_mode & 0o777 for path in tmp_path.glob("*_key")} == {0o600}


@pytest.mark.parametrize(
    ("environment", "prefix"),
    [(SECRETS, "__Host-"), ({"SIMULATION": "1", "PUBLIC_URL": "http://127.0.0.1:8000"}, "")],
)
def test_over_https_cookies_belong_to_this_host_alone(
    tmp_path: Path, environment: dict[str, str], prefix: str
) -> None:
    ask = """
from django.conf import settings
from portal.core.web.cookies import cookie_name
print(settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME, cookie_name("place"))
"""
    done = run(tmp_path, ask, **environment)

    expected = [f"{prefix}{name}" for name in ("sessionid", "csrftoken", "place")]
    assert done.stdout.split() == expected, done.stderr


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"BEHIND_PROXY": "1"}, "TRUSTED_PROXIES"),
        ({"TRUSTED_PROXIES": "nginx"}, "TRUSTED_PROXIES"),
    ],
)
def test_a_proxy_that_is_not_named_by_its_address_is_refused(
    tmp_path: Path, given: dict[str, str], named: str
) -> None:
    ask = "from django.conf import settings; settings.DEBUG"
    done = run(tmp_path, ask, **SECRETS, **given)

    assert done.returncode != 0
    assert named in done.stderr
