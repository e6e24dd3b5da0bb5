"""Beat that goes on when the machine's clock is set back, instead of waiting for what it was."""

from __future__ import annotations

from typing import Any

from celery.beat import PersistentScheduler


class Scheduler(PersistentScheduler):
    """Celery's own, but what was sent in the future counts as sent now.

    Otherwise a clock set back an hour sends nothing for an hour: no sweep, no sign of life.
    """

    def tick(self, *args: Any, **options: Any) -> float:
        for entry in self.schedule.values():
            now = entry.default_now()
            if entry.last_run_at and entry.last_run_at > now:
                entry.last_run_at = now
                self._heap = None  # where each has its turn by the clock as it was
        return float(super().tick(*args, **options))
