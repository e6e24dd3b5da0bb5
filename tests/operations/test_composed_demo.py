"""``docker compose up demo`` as processes on PostgreSQL and Redis, and a story through HTTP."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from portal.accounts.models import User
from portal.demo.people import answers_of
from tests import story
from tests.amounts import amount
from tests.flows.house import wait_until
from tests.flows.visitor import Visitor
from tests.operations.composed import Composed, OverTheNetwork, composed

PASSWORD, PIN = "thu-nghiem-68", "68-tanuyen"  # as README tells
COMMUNE = "ỦY BAN NHÂN DÂN XÃ TÂN UYÊN"
LASTING = ("demo-worker", "demo-beat", "demo")


# The suite starts the services of production (test_composed_production.py); what happens here it
# tells of a house on PostgreSQL (tests/flows), and of the demo as make run starts it.
@pytest.mark.long
@pytest.mark.skipif(
    amount("COMPOSED_DEMO", short=0, long=1) != 1,
    reason="COMPOSED_DEMO=1 starts the demo of docker-compose.yml, which takes minutes",
)
@pytest.mark.redis
@pytest.mark.postgresql
@pytest.mark.timeout(1800)
def test_a_dossier_of_the_demo_becomes_a_certificate_that_openssl_verifies(
    image: Path, tmp_path: Path, redis_url: str
) -> None:
    with composed(tmp_path, image=image, redis_url=redis_url, is_quick=True) as demo:
        said = demo.run_service("demo-setup")
        assert PASSWORD in said
        assert PIN in said
        for name in LASTING:
            demo.start_service(name)
        wait_until(lambda: demo.is_healthy("demo"), seconds=300, pause=0.3)

        clerk = _visitor(demo, "vanthu.tanuyen")
        row = answers_of(700, commune=COMMUNE, mailbox="tanuyen")
        dossier = _draft(clerk, row)
        _send_and_decide(demo, clerk, dossier)
        _verify(clerk, _issued(clerk, dossier), tmp_path, named=row["full_name"])

        for name in LASTING:
            wait_until(lambda name=name: demo.is_healthy(name), seconds=300, pause=1)  # type: ignore[misc]
        demo.exec("demo", "python", "manage.py", "verify_audit")


def _visitor(demo: Composed, username: str) -> Visitor:
    return Visitor(User(username=username), PASSWORD, client=OverTheNetwork(demo.url))


def _draft(clerk: Visitor, row: dict[str, str]) -> str:
    """Type one person and the letter; return the address of the dossier."""
    clerk.open("/").follow("Lập hồ sơ mới").press("Tiếp tục", need="mau_01_person")
    path = clerk.path.removesuffix("soan/")
    if not any(":" in cell for cell in clerk.fields("")):
        clerk.press("Thêm")
    cells: dict[str, Any] = {
        cell: row[name] for cell in clerk.fields("") if (name := cell.rpartition(":")[2]) in row
    }
    clerk.press("Lưu", **cells)
    contact: dict[str, Any] = {f"contact_{name}": value for name, value in story.CONTACT.items()}
    letter_date = f"{timezone.localdate():%d/%m/%Y}"
    clerk.open(f"{path}soan/van-ban/").press(
        "Lưu", letter_number="68/UBND-VHXH", letter_date=letter_date, **contact
    )
    return path


def _send_and_decide(demo: Composed, clerk: Visitor, path: str) -> None:
    clerk.open(f"{path}kiem-tra/").press("Trình lãnh đạo ký")
    _visitor(demo, "lanhdao.tanuyen").open(f"{path}ky/").press("Ký", pin=PIN)
    clerk.open(f"{path}ky/").press("gửi", pin=PIN)
    _visitor(demo, "sokhcn.laichau").open(f"{path}xem-xet/").press("Chuyển Cục")
    operator = _visitor(demo, "ca.tiepnhan").open(f"{path}xem-xet/")
    operator.press("Chấp nhận mọi dòng")
    operator.press("Trình phê duyệt")
    _visitor(demo, "ca.pheduyet").open(f"{path}phe-duyet/").press("Phê duyệt")


def _issued(clerk: Visitor, path: str) -> str:
    """Wait until the worker has issued the certificate; return its address."""
    link = re.compile(r'href="(/chung-thu/[0-9a-f-]{36}/)"')
    wait_until(lambda: bool(link.search(clerk.open(path).html)), seconds=300, pause=0.5)
    return link.findall(clerk.html)[0]  # type: ignore[no-any-return]


def _verify(clerk: Visitor, certificate: str, folder: Path, *, named: str) -> None:
    """Download the certificate and its chain, and let openssl judge them."""
    own, issuing, root = (folder / name for name in ("own.cer", "issuing.crt", "root.crt"))
    for file, address in {
        own: f"{certificate}chung-thu.cer",
        issuing: "/pki/issuing.crt",
        root: "/pki/root.crt",
    }.items():
        answer = clerk.client.get(address)
        assert answer.status_code == 200, address
        file.write_bytes(answer.content)
    trusted = root.with_suffix(".pem")
    _openssl("x509", "-in", root, "-out", trusted)
    _openssl("verify", "-x509_strict", "-CAfile", trusted, "-untrusted", issuing, own)
    said = _openssl("x509", "-noout", "-subject", "-nameopt", "utf8", "-in", own)
    assert named in said


def _openssl(*arguments: str | Path) -> str:
    command = ["openssl", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
