"""The app of the support desk."""

from __future__ import annotations

from django.apps import AppConfig


class SupportConfig(AppConfig):
    name = "portal.support"
    label = "support"
    verbose_name = "Hỗ trợ"
