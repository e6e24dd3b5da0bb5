"""Beat that sends the declared sweeps, though the clock be set back or its file be damaged."""

from __future__ import annotations

import logging
from contextlib import suppress
from typing import Any

from celery.beat import PersistentScheduler

from portal.core.background.sweeps import beat_schedule

logger = logging.getLogger(__name__)


class Scheduler(PersistentScheduler):
    """Celery's own, but its schedule is of the declared sweeps, and what was sent in the future
    counts as sent now.

    Otherwise a clock set back an hour sends nothing for an hour: no sweep, no sign of life.
    """

    def setup_schedule(self) -> None:
        """Celery's own begins anew after some kinds of damage; here, after any.

        What a pickle holds can raise anything. Lost is when each sweep was sent last: they all
        catch up by themselves.
        """
        self.app.conf.beat_schedule = beat_schedule()
        try:
            super().setup_schedule()
        except Exception:
            logger.exception("beat's file is damaged and made anew")
            with suppress(Exception):  # what cannot be read can perhaps not be closed either
                self._store.close()  # type: ignore[attr-defined]
            self._remove_db()  # type: ignore[attr-defined]
            super().setup_schedule()

    def tick(self, *args: Any, **options: Any) -> float:
        for entry in self.schedule.values():
            now = entry.default_now()
            if entry.last_run_at and entry.last_run_at > now:
                entry.last_run_at = now
                self._heap = None  # where each has its turn by the clock as it was
        return float(super().tick(*args, **options))
