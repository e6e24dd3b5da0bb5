"""The shape of docker-compose.yml and Dockerfile: what is promised of them, read from them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from django.conf import settings

BASE = Path(settings.BASE_DIR)
COMPOSE: dict[str, Any] = yaml.safe_load((BASE / "docker-compose.yml").read_text())
SERVICES: dict[str, Any] = COMPOSE["services"]
PORTAL = sorted(name for name, service in SERVICES.items() if "build" in service)
LASTING = sorted(name for name, service in SERVICES.items() if service["restart"] != "no")


def is_demo(name: str) -> bool:
    return bool(SERVICES[name].get("profiles") == ["demo"])


def mounts(name: str) -> dict[str, str]:
    """Return where each volume of a service is mounted."""
    return dict(volume.split(":") for volume in SERVICES[name].get("volumes", []))


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
    knows = SERVICES[name]["environment"]["CA_PASSPHRASE"] != "not-given-to-this-service"

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
