"""Registers the app."""

from django.apps import AppConfig


class CaConfig(AppConfig):
    name = "portal.ca"
    verbose_name = "Chứng thư"
