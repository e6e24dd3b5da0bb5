"""Registers the app."""

from django.apps import AppConfig


class AgenciesConfig(AppConfig):
    name = "portal.agencies"
    verbose_name = "Đơn vị"
