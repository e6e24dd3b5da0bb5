"""The Celery application; nothing may depend on a message arriving.

Its tasks are sweeps, declared where their work is (``portal.core.background.sweeps``); beat makes
its schedule of them.
"""

from __future__ import annotations

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

app = Celery("portal")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
# Named, not imported: models cannot be loaded yet.
app.steps["worker"].add("portal.core.background.heartbeats:WorkerHeartbeat")
