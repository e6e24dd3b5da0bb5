"""Registers the app."""

from django.apps import AppConfig


class SearchConfig(AppConfig):
    name = "portal.search"
    verbose_name = "Tìm kiếm"
