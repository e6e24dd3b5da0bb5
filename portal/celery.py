"""The Celery application and its schedule; nothing may depend on a message arriving.

Each task is a sweep that may run twice or twice at once. A message that waited longer than its
interval is dropped: the next one does the same work.
"""

from __future__ import annotations

import os
from typing import Any

from celery import Celery
from celery.schedules import crontab

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

app = Celery("portal")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

MINUTE = 60
HOUR = 60 * MINUTE


def _every(seconds: int, task: str) -> dict[str, Any]:
    return {"task": task, "schedule": float(seconds), "options": {"expires": seconds}}


def _daily(hour: int, minute: int, task: str) -> dict[str, Any]:
    """At a time of day in Asia/Ho_Chi_Minh."""
    when = crontab(hour=str(hour), minute=str(minute))
    return {"task": task, "schedule": when, "options": {"expires": HOUR}}


app.conf.beat_schedule = {
    entry["task"]: entry
    for entry in (
        _every(10, "requests_app.tasks.execute_accepted"),
        _every(10, "requests_app.tasks.freeze_letters"),
        _every(10, "requests_app.tasks.forward_covered"),
        _every(10, "devices.tasks.make_keys"),
        _every(10, "orgmerge.tasks.make_plans"),
        _every(10, "orgmerge.tasks.print_annexes"),
        _every(10, "orgmerge.tasks.prepare_reviews"),
        _every(5 * MINUTE, "orgmerge.tasks.take_effect"),
        _every(MINUTE, "orgmerge.tasks.follow"),
        _every(MINUTE, "orgmerge.tasks.drive"),
        _every(5 * MINUTE, "orgmerge.tasks.make_papers"),
        _every(MINUTE, "devices.tasks.lock_exhausted"),
        _every(5 * MINUTE, "devices.tasks.recall_expired"),
        _every(30, "portal.ca.tasks.publish_crl"),
        _every(HOUR, "portal.ca.tasks.renew_responder"),
        _every(HOUR, "portal.ca.tasks.revoke_superseded"),
        _every(5 * MINUTE, "portal.ca.tasks.shut_doors"),
        _every(10 * MINUTE, "portal.ca.tasks.open_missing_doors"),
        _every(MINUTE, "portal.notices.tasks.send_pending_mail"),
        _every(5 * MINUTE, "portal.notices.tasks.remind"),
        _every(5 * MINUTE, "portal.audit.tasks.write_checkpoint"),
        _every(30, "portal.core.tasks.beat_heartbeat"),
        _every(HOUR, "portal.accounts.tasks.forget_expired"),
        _every(HOUR, "requests_app.tasks.drop_old_sheets"),
        _daily(0, 5, "portal.agencies.tasks.show_new_versions"),
        _daily(7, 10, "portal.notices.tasks.warn_of_missing_days"),
    )
}

# Named, not imported: models cannot be loaded yet.
app.steps["worker"].add("portal.core.pulse:Pulse")
