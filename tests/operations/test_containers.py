"""The shape of docker-compose.yml and Dockerfile: what is promised of them, read from them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import venv
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from tests.amounts import amount
from tests.operations import composed

BASE = Path(settings.BASE_DIR)
COMPOSE = composed.compose()
SERVICES: dict[str, Any] = COMPOSE["services"]
PORTAL = sorted(name for name, service in SERVICES.items() if "build" in service)
LASTING = sorted(name for name, service in SERVICES.items() if service["restart"] != "no")


def is_demo(name: str) -> bool:
    return bool(SERVICES[name].get("profiles") == ["demo"])


def mounts(name: str) -> dict[str, str]:
    """Return where each volume of a service is mounted."""
    return dict(volume.split(":") for volume in SERVICES[name].get("volumes", []))


def judged_by_the_specification(file: Path) -> subprocess.CompletedProcess[str]:
    """Ask the JSON schema of the Compose Specification, as check-jsonschema brings it."""
    judge = str(Path(sys.executable).parent / "check-jsonschema")
    command = [judge, "--builtin-schema", "vendor.compose-spec", str(file)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_compose_is_as_its_specification_says() -> None:
    said = judged_by_the_specification(BASE / "docker-compose.yml")

    assert said.returncode == 0, said.stdout


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("    healthcheck: *web-health", "    healthchecks: *web-health"),
        ("interval: 15s", "interval: [15]"),
        ("{condition: service_healthy}", "{condition: healthy}"),
    ],
)
def test_the_specification_would_find_a_wrong_word(right: str, wrong: str, tmp_path: Path) -> None:
    text = (BASE / "docker-compose.yml").read_text()
    assert right in text
    changed = tmp_path / "docker-compose.yml"
    changed.write_text(text.replace(right, wrong))

    assert judged_by_the_specification(changed).returncode == 1


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_what_a_service_waits_for_can_come(name: str) -> None:
    for other, how in SERVICES[name].get("depends_on", {}).items():
        awaited = SERVICES[other]
        if how["condition"] == "service_healthy":
            assert awaited["healthcheck"]["test"]
        elif how["condition"] == "service_completed_successfully":
            assert awaited["restart"] == "no"


def test_the_image_has_the_system_packages_that_a_machine_without_one_needs() -> None:
    (packages,) = [
        re.findall(r"(?:fonts|lib)[a-z0-9.-]+", script)
        for instruction, script in composed.steps()
        if instruction == "RUN" and "apt-get install" in script
    ]
    listed = (BASE / ".ci" / "system").read_text()

    assert packages
    assert [package for package in packages if package not in listed] == []


def test_the_image_installs_as_make_does() -> None:
    """The same flags on the same lock: that such an installation works, each clean clone shows."""
    (install,) = [script for instruction, script in composed.steps() if "pip install" in script]
    flags = {word for word in install.split() if word.startswith("--")}

    assert flags == {"--require-hashes", "--only-binary"}
    assert flags <= set((BASE / ".ci" / "venv").read_text().split())
    assert install.endswith("-r requirements.txt")


@pytest.mark.long
@pytest.mark.skipif(
    amount("WHOLE_IMAGE", short=0, long=1) != 1,
    reason="WHOLE_IMAGE=1 installs the image's libraries anew, which takes minutes",
)
@pytest.mark.timeout(1800)
def test_the_steps_of_the_dockerfile_make_an_image_that_answers(tmp_path: Path) -> None:
    venv.create(tmp_path / "venv", with_pip=True)
    machine = {
        "PATH": f"{tmp_path / 'venv' / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "LANG": "C.UTF-8",
        **{name: value for name, value in os.environ.items() if name.startswith("PIP_")},
    }
    (install,) = [script for _instruction, script in composed.steps() if "pip install" in script]
    composed.run(["sh", "-ec", install], cwd=BASE, environment=machine)
    image = tmp_path / "image"
    composed.build(image, machine)
    secrets = dict.fromkeys(
        ("SECRET_KEY", "FIELD_KEY", "FILE_KEY", "CA_PASSPHRASE"), "for-this-test"
    )
    composed.run(
        ["python", "-c", "import django; django.setup(); import portal.wsgi, portal.celery"],
        cwd=image,
        environment=machine | secrets | {"DJANGO_SETTINGS_MODULE": "portal.settings"},
    )


def test_the_services_of_both_shapes_are_there() -> None:
    assert set(SERVICES) == {
        *("db", "redis", "migrate", "web", "worker", "beat"),
        *("demo-db", "demo-redis", "demo-setup", "demo", "demo-worker", "demo-beat"),
    }


@pytest.mark.parametrize("name", LASTING)
def test_each_lasting_service_has_a_health_check(name: str) -> None:
    assert SERVICES[name]["healthcheck"]["test"]


@pytest.mark.parametrize("name", PORTAL)
def test_only_the_demo_simulates(name: str) -> None:
    environment = SERVICES[name]["environment"]

    assert (environment.get("SIMULATION") == "1") == is_demo(name)
    assert "DEBUG" not in environment


@pytest.mark.parametrize("name", PORTAL)
def test_only_workers_and_the_setup_of_the_demo_hold_the_keys_of_the_ca(name: str) -> None:
    holds = any(target.endswith("/keys/ca") for target in mounts(name).values())
    knows = "CA_PASSPHRASE" in SERVICES[name]["environment"]

    assert holds == knows == (name in {"worker", "demo-worker", "demo-setup"})


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_the_two_shapes_share_no_volume_and_no_service(name: str) -> None:
    others = [*mounts(name), *SERVICES[name].get("depends_on", [])]

    assert {other.startswith("demo") for other in others} <= {is_demo(name)}


def test_each_volume_is_declared_and_used() -> None:
    assert {volume for name in SERVICES for volume in mounts(name)} == set(COMPOSE["volumes"])


def test_each_folder_that_lasts_is_made_in_the_image_for_its_user() -> None:
    dockerfile = (BASE / "Dockerfile").read_text()

    for name in PORTAL:
        for target in mounts(name).values():
            assert target.removeprefix("/srv/portal/") in dockerfile


def test_the_image_runs_as_nobody_special() -> None:
    lines = (BASE / "Dockerfile").read_text().splitlines()

    assert lines.index("USER portal") > max(
        number for number, line in enumerate(lines) if line.startswith(("RUN", "COPY"))
    )
