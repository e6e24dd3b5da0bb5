"""Which static files are collected."""

from django.contrib.staticfiles.apps import StaticFilesConfig


class CollectedFiles(StaticFilesConfig):
    """Django's app for static files, which collects of other packages what our pages ask for."""

    ignore_patterns = [
        *StaticFilesConfig.ignore_patterns,
        "rest_framework/*",  # the API answers in JSON alone
        "bootstrap/js/*",
        "bootstrap-*",
        "bootstrap.css*",
        "*.rtl.*",
        "django_htmx/ext/*",
        "htmax-*",
        "htmx-4*",
    ]
