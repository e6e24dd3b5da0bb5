"""``manage.py run_demo``: prepare the database and the demo, then run web, worker and beat."""

from __future__ import annotations

import os
import signal
import socket
import sys
import time
from typing import Any
from urllib.request import urlopen

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection, connections
from django.db.migrations.loader import MigrationLoader

from portal.demo.supervisor import EndsTooOften, Running, together

SECONDS_TO_START = 120


class Command(BaseCommand):
    """What ``make run`` starts; ends with Ctrl-C, or when one of the three ends too often."""

    help = "Prepares the database and the demo data, then runs web, worker and beat."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, default=8000)

    def handle(self, **options: Any) -> None:
        port = options["port"]
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError as error:
                raise CommandError(
                    f"Port {port} is taken ({error.strerror}); try: make run PORT={port + 1}"
                ) from error
        # Before the first release tables are made anew, not led on: say how to begin again.
        loader = MigrationLoader(connection)
        if any(
            label in loader.migrated_apps and (label, name) not in loader.disk_migrations
            for label, name in loader.applied_migrations
        ):
            raise CommandError(
                f"{settings.DATA_DIR} holds the data of an earlier version, which this one cannot "
                "read. Nothing was changed. Move the folder away, or delete it to begin anew with "
                f"the demo: rm -r {settings.DATA_DIR}"
            )
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.default_int_handler)  # KeyboardInterrupt
        self.stdout.write("Preparing the database, the simulated CA and the demo data ...")
        call_command("collectstatic", interactive=False, verbosity=0)
        call_command("migrate", verbosity=0)
        call_command("setup_ca", stdout=self.stdout)
        call_command("seed_demo", stdout=self.stdout)
        connections.close_all()
        try:
            with together(_commands(port), say=self.stdout.write) as running:
                self._wait_for(port, running)
                if not running.is_to_stop:
                    address = f"http://127.0.0.1:{port}/"
                    self.stdout.write(f"\nThe portal runs at {address} (Ctrl-C ends it)")
                while not running.is_to_stop:
                    running.look_after()
        except EndsTooOften as error:
            raise CommandError(f"{error}; all are stopped.") from error
        self.stdout.write("\nStopped.")
        self.stdout.flush()
        os._exit(0)  # all is closed; an interpreter that has drawn PDFs takes seconds to take apart

    def _wait_for(self, port: int, running: Running) -> None:
        deadline = time.monotonic() + SECONDS_TO_START
        while not running.is_to_stop:
            try:
                with urlopen(f"http://127.0.0.1:{port}/healthz", timeout=1):
                    return
            except OSError as error:
                if time.monotonic() > deadline:
                    raise CommandError(f"The portal does not answer: {error}") from error
            running.look_after()


def _commands(port: int) -> dict[str, list[str]]:
    # In a container one is root, and Celery is right to warn of it; here it would only frighten.
    calm = ["-W", "ignore:You're running the worker with superuser privileges"]
    celery = [sys.executable, *calm, "-m", "celery", "-A", "portal"]
    quiet = ["--without-gossip", "--without-mingle", "--without-heartbeat"]
    gunicorn = [sys.executable, "-m", "gunicorn", "portal.wsgi", "--no-control-socket"]
    workers = ["--workers", "2", "--threads", "4", "--log-level", "warning"]
    ending = ["--graceful-timeout", "1"]  # a browser may keep its connection open for long
    return {
        "web": [*gunicorn, "--bind", f"127.0.0.1:{port}", *workers, *ending],
        "worker": [*celery, "-q", "worker", "--concurrency", "2", "--loglevel", "WARNING", *quiet],
        "beat": [*celery, "-q", "beat", "--loglevel", "WARNING"],
    }
