"""``docker compose up`` as processes: README's way from nothing to the first page, and commands."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from portal.accounts.models import User
from tests.amounts import amount
from tests.flows.house import wait_until
from tests.flows.visitor import Visitor
from tests.operations.composed import Composed, OverTheNetwork, composed

PUBLIC_URL = "https://portal.example.gov.vn"
# What README's table asks for.
GIVEN = {
    "SECRET_KEY": "long-and-random-5b1f6a0e9c7d4e2f8a3b6c1d0e9f7a2b0d1e2f3a4b5c6d",
    "FIELD_KEY": "another-long-and-random-8d7c6b5a4f3e2d1c0b9a8f7e6d5c4b3a",
    "FILE_KEY": "one-more-long-and-random-7c6b5a4f3e2d1c0b9a8f7e6d5c4b3a2f",
    "CA_PASSPHRASE": "a-third-long-and-random-1a2b3c4d5e6f7a8b9c0d1e2f3a4b5c6d",
    "ALLOWED_HOSTS": "portal.example.gov.vn",
    "PUBLIC_URL": PUBLIC_URL,
    "TRUSTED_PROXIES": "127.0.0.1",  # this test, in place of one on the host
    "EMAIL_URL": "smtp://127.0.0.1:9",
}
FIRST, THEN = "hoa-ban-trang-2026", "dong-ruong-xanh-2027"
ADMINISTRATORS = {
    f"ADMIN{number}_{name}": value
    for number, username in ((1, "quantri.mot"), (2, "quantri.hai"))
    for name, value in {
        "USERNAME": username,
        "FULL_NAME": f"Lò Thị Quản Trị {'Một' if number == 1 else 'Hai'}",
        "IDENTITY_NUMBER": f"01219000000{number}",
        "EMAIL": f"{username}@example.gov.vn",
        "PASSWORD": FIRST,
    }.items()
}
COMMUNES = Path(__file__).parents[1] / "data" / "communes_lai_chau.csv"
MANAGE = ("python", "manage.py")
# None of these is for production; each says so in a test of its own, here one for all.
REFUSED: tuple[tuple[str, ...], ...] = (
    ("setup_ca",),
    ("seed_demo",),
    ("seed_scale", str(COMMUNES)),
    ("run_sweeps", "--at", "2999-01-01T08:00"),
)[: amount("COMPOSED_COMMANDS", short=1, long=4)]


@pytest.mark.long
@pytest.mark.redis
@pytest.mark.postgresql
@pytest.mark.timeout(1800)
def test_from_nothing_to_the_first_page(image: Path, tmp_path: Path, redis_url: str) -> None:
    with composed(tmp_path, image=image, redis_url=redis_url, given=GIVEN) as portal:
        portal.run_service("migrate")
        _plan_from_outside(portal, tmp_path)
        portal.exec("web", *MANAGE, "check", "--deploy", "--fail-level", "WARNING")
        portal.exec("web", *MANAGE, "create_administrators", "--no-input", more=ADMINISTRATORS)
        for name in ("web", "worker", "beat"):
            portal.start_service(name)
        wait_until(lambda: portal.is_healthy("web"), seconds=300, pause=0.3)

        _sign_in_for_the_first_time(portal)
        _nothing_is_issued(portal)
        _is_said_when_what_is_not_ready(portal)


def _sign_in_for_the_first_time(portal: Composed) -> None:
    browser = OverTheNetwork(portal.url, behind_proxy=PUBLIC_URL)
    page = Visitor(User(username="quantri.mot"), FIRST, client=browser)
    assert page.path == "/tai-khoan/doi-mat-khau/", page.words()
    page.press("Đổi mật khẩu", old_password=FIRST, new_password=THEN, repeated=THEN)
    page.open("/")
    assert page.status == 200
    assert "Chưa nối với hệ thống cấp chứng thư" in page.html
    assert "Hệ thống chạy thử" not in page.html
    page.open("/don-vi/")
    assert "CỤC CHỨNG THỰC SỐ" in page.html
    said = portal.exec("web", *MANAGE, "reset_administrator", "quantri.hai").stdout
    assert len(said.strip()) >= 10


def _nothing_is_issued(portal: Composed) -> None:
    """There is no CA: its keys are not made, the demo is not loaded, the clock is not put on."""
    for arguments in REFUSED:
        portal.exec("worker", *MANAGE, *arguments, status=1)
    assert portal.count("SELECT count(*) FROM ca_authority") == 0
    lines = portal.exec("worker", *MANAGE, "run_sweeps").stdout.splitlines()
    did = {line["sweep"]: line for line in map(json.loads, lines)}
    assert all("failed" not in line for line in did.values())
    assert "simulation is off" in did["portal.ca.tasks.publish_crl"]["not_configured"]


def _is_said_when_what_is_not_ready(portal: Composed) -> None:
    browser = OverTheNetwork(portal.url, behind_proxy=PUBLIC_URL)
    wait_until(lambda: browser.get("/readyz").status_code == 200, seconds=300, pause=1)
    for name in ("worker", "beat"):
        assert portal.is_healthy(name), portal.logs()
    portal.exec("web", *MANAGE, "verify_audit")
    added = portal.exec("web", *MANAGE, "working_days", "--from", "2026-11-20", "--add", "5").stdout
    assert added.strip() == "2026-11-30"  # 24 November is a holiday


def _plan_from_outside(portal: Composed, folder: Path) -> None:
    """The commands of a trial, on a copy of the empty database: seed, expand, plan, ask."""
    trial = {"DATABASE_URL": portal.create_database(template=portal.database), "SIMULATION": "1"}
    communes, bodies = folder / "communes.csv", folder / "bodies.csv"
    communes.write_text("".join(COMMUNES.read_text().splitlines(keepends=True)[:3]))
    made = portal.exec(
        "worker", *MANAGE, "seed_scale", str(communes), "--people", "1", more=trial
    ).stdout
    assert json.loads(made)["communes"] == 2
    bodies.write_text(
        portal.exec(
            "web", *MANAGE, "expand_communes", str(communes), "--at", "2025-06-01", more=trial
        ).stdout
    )
    planned = portal.exec(
        "web", *MANAGE, "plan_merger", str(bodies), "--at", "2025-06-01", "--json", more=trial
    ).stdout
    assert all(json.loads(line)["action"] for line in planned.splitlines())
    assert planned
    portal.exec("web", *MANAGE, "verify_audit", more=trial)
