"""What every measurement shares: a database of its own, interleaved runs, one JSON line."""

from __future__ import annotations

import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def boot() -> None:
    """Start Django on a fresh database: SQLite in a temporary folder, or BENCH_DATABASE_URL."""
    sys.path.insert(0, str(ROOT))
    folder = tempfile.mkdtemp(prefix="portal-bench-")
    os.environ.update(
        DJANGO_SETTINGS_MODULE="portal.settings",
        DEBUG="1",
        SIMULATION="1",
        DATA_DIR=folder,
        CA_ALGORITHM="ec",
        LOG_LEVEL="ERROR",
    )
    if url := os.environ.get("BENCH_DATABASE_URL"):
        os.environ["DATABASE_URL"] = url
    import django  # noqa: PLC0415 (settings first)

    django.setup()
    from django.conf import settings  # noqa: PLC0415
    from django.core.management import call_command  # noqa: PLC0415

    settings.DEBUG = False  # no query log
    call_command("migrate", verbosity=0)
    if os.environ.get("BENCH_DATABASE_URL"):
        call_command("flush", verbosity=0, interactive=False)


def dialect() -> str:
    """Return "sqlite" or "postgresql"."""
    from django.db import connection  # noqa: PLC0415

    return connection.vendor


def compare(
    name: str,
    ours: Callable[[], object],
    baseline: Callable[[], object],
    *,
    target: float,
    runs: int = 7,
    n: int = 1,
    at_least: bool = False,
) -> float:
    """Run both in turn, print ours ÷ baseline of the medians as a JSON line, return it.

    ``n`` is how many things one run does; ``at_least`` marks a target to reach, not to stay under.
    """
    ours_seconds, baseline_seconds = [], []
    for _ in range(runs):
        baseline_seconds.append(seconds(baseline))
        ours_seconds.append(seconds(ours))
    return report(
        name,
        statistics.median(ours_seconds),
        statistics.median(baseline_seconds),
        target=target,
        n=n,
        at_least=at_least,
    )


def report(
    name: str, ours: float, baseline: float, *, target: float, n: int, at_least: bool = False
) -> float:
    """Print one line of JSON and return the ratio."""
    ratio = ours / baseline
    print(
        json.dumps(
            {
                "name": name,
                "ratio": round(ratio, 3),
                "target": target,
                "kept": ratio >= target if at_least else ratio <= target,
                "ours_ms": round(ours * 1000, 2),
                "baseline_ms": round(baseline * 1000, 2),
                "n": n,
            }
        ),
        flush=True,
    )
    return ratio


def processor_seconds(work: Callable[[], object]) -> float:
    """Return how much processor time ``work`` takes, ours and PostgreSQL's for our connection:
    what a busy machine does not change."""
    server = _server_seconds()
    begun = time.process_time()
    work()
    return time.process_time() - begun + _server_seconds() - server


def _server_seconds() -> float:
    from django.db import connection  # noqa: PLC0415

    if connection.vendor != "postgresql":
        return 0.0
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (pid,) = cursor.fetchone()
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9


def seconds(work: Callable[[], object]) -> float:
    """Return how long ``work`` takes."""
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun
