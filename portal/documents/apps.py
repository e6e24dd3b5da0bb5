"""Registers the app and its start-up checks."""

from importlib import import_module

from django.apps import AppConfig


class DocumentsConfig(AppConfig):
    name = "portal.documents"
    verbose_name = "Văn bản"

    def ready(self) -> None:
        """Register the system checks."""
        import_module("portal.documents.checks")
