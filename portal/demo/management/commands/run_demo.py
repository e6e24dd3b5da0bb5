"""``manage.py run_demo``: prepare the database and the demo, then run web, worker and beat."""

from __future__ import annotations

import signal
import socket
import sys
import time
from typing import Any, NoReturn
from urllib.error import URLError
from urllib.request import urlopen

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connections

from portal.demo.supervisor import Running, together

SECONDS_TO_START = 120


class Command(BaseCommand):
    """What ``make run`` starts; ends with Ctrl-C, or when one of the three ends."""

    help = "Prepares the database and the demo data, then runs web, worker and beat."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, default=8000)

    def handle(self, **options: Any) -> None:
        port = options["port"]
        _expect_free(port)
        self.stdout.write("Preparing the database, the simulated CA and the demo data ...")
        call_command("migrate", verbosity=0)
        call_command("setup_ca", stdout=self.stdout)
        call_command("seed_demo", stdout=self.stdout)
        connections.close_all()
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, _interrupt)
        try:
            with together(_commands(port)) as running:
                self._wait_for(port, running)
                self.stdout.write(f"\nThe portal runs at http://127.0.0.1:{port}/ (Ctrl-C ends it)")
                ended = running.wait()
        except KeyboardInterrupt:
            self.stdout.write("\nStopped.")
            return
        raise CommandError(f"{ended.name} ended with status {ended.status}; all are stopped.")

    def _wait_for(self, port: int, running: Running) -> None:
        deadline = time.monotonic() + SECONDS_TO_START
        while running.ended() is None and time.monotonic() < deadline:
            try:
                with urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5):
                    return
            except (URLError, OSError):
                time.sleep(0.2)
        ended = running.ended()
        what = f"{ended.name} ended with status {ended.status}" if ended else "it does not answer"
        raise CommandError(f"The portal did not start: {what}.")


def _expect_free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise CommandError(
                f"Port {port} is taken ({error.strerror}); try: make run PORT={port + 1}"
            ) from error


def _interrupt(_number: int, _frame: object) -> NoReturn:
    raise KeyboardInterrupt


def _commands(port: int) -> dict[str, list[str]]:
    # In a container one is root, and Celery is right to warn of it; here it would only frighten.
    calm = ["-W", "ignore:You're running the worker with superuser privileges"]
    celery = [sys.executable, *calm, "-m", "celery", "-A", "portal"]
    quiet = ["--without-gossip", "--without-mingle", "--without-heartbeat"]
    gunicorn = [sys.executable, "-m", "gunicorn", "portal.wsgi", "--no-control-socket"]
    workers = ["--workers", "2", "--threads", "4", "--log-level", "warning"]
    return {
        "web": [*gunicorn, "--bind", f"127.0.0.1:{port}", *workers],
        "worker": [*celery, "-q", "worker", "--concurrency", "2", "--loglevel", "WARNING", *quiet],
        "beat": [*celery, "-q", "beat", "--loglevel", "WARNING"],
    }
