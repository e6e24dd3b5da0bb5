"""The passphrase of the CA is asked of the worker alone, with the settings of production."""

from __future__ import annotations

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

import pytest
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from portal.ca.authority import ceremony, keystore
from portal.ca.models import Crl
from tests.flows.house import wait_until


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def asked(port: int, path: str) -> tuple[int, bytes]:
    """Return status and body, 0 while nobody answers."""
    try:
        with urlopen(f"http://127.0.0.1:{port}{path}", timeout=60) as answer:
            return answer.status, answer.read()
    except HTTPError as error:
        return error.code, error.read()
    except (URLError, OSError):
        return 0, b""


def database_url() -> str:
    config = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{config['NAME']}"
    secret = f":{config['PASSWORD']}" if config["PASSWORD"] else ""
    host = f"{config['HOST'] or '127.0.0.1'}:{config['PORT'] or 5432}"
    return f"postgres://{config['USER']}{secret}@{host}/{config['NAME']}"


@pytest.mark.django_db(transaction=True)
def test_web_serves_without_it_and_a_worker_says_that_it_is_missing(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CA_PASSPHRASE", secrets.token_hex())
    settings.CA_KEY_DIR, settings.OCSP_KEY_DIR = tmp_path / "ca", tmp_path / "ocsp"
    keystore.open_for_signing()
    ceremony.set_up(now=timezone.now())
    keystore.close()
    monkeypatch.delenv("CA_PASSPHRASE")
    lists = Crl.objects.count()
    port = free_port()
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "portal.settings",
        "DATABASE_URL": database_url(),
        "DEBUG": "0",
        "SIMULATION": "1",
        "SECRET_KEY": secrets.token_hex(),
        "FIELD_KEY": settings.FIELD_KEY,
        "FILE_KEY": settings.FILE_KEY,
        "ALLOWED_HOSTS": "127.0.0.1",
        "DATA_DIR": str(tmp_path / "var"),
        "CA_KEY_DIR": str(tmp_path / "ca"),
        "OCSP_KEY_DIR": str(tmp_path / "ocsp"),
        "REDIS_URL": "",
    }
    log = tmp_path / "worker.log"
    commands = {
        "web": ["gunicorn", "portal.wsgi", "--no-control-socket", "--bind", f"127.0.0.1:{port}"],
        "worker": ["celery", "-A", "portal", "worker", "-c", "1"],
    }
    with log.open("wb") as output:
        processes = [
            subprocess.Popen(
                [sys.executable, "-m", *command],
                cwd=settings.BASE_DIR,
                env=environment,
                stdout=output if name == "worker" else subprocess.DEVNULL,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            for name, command in commands.items()
        ]
    try:
        wait_until(lambda: asked(port, "/pki/crl")[0] == 200, seconds=250, pause=0.5)

        def worker_says() -> str:
            return str(json.loads(asked(port, "/readyz")[1])["checks"]["keys"])

        wait_until(lambda: worker_says() != "ok", seconds=250, pause=0.5)
        assert worker_says().endswith(".key: no_passphrase")
        assert json.loads(asked(port, "/readyz")[1])["checks"]["ocsp"] == "ok"
    finally:
        for process in processes:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    assert "CA_PASSPHRASE is not set for this process" in log.read_text()
    assert Crl.objects.count() == lists
    assert not (tmp_path / "var" / "ca_passphrase").exists()
