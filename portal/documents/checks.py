"""Start-up checks: what letters need from the system."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, register
from django.core.checks import Error as CheckError
from django.core.checks import Warning as CheckWarning
from django.core.files.storage import default_storage

APT = "apt-get install -y libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-liberation2"
PANGO = ("libpangoft2-1.0.so.0", "libpangoft2-1.0.dylib")
SUBSET = ("libharfbuzz-subset.so.0", "libharfbuzz-subset.0.dylib")
# Metric-compatible with Times New Roman, or itself.
FONTS = ("Liberation Serif", "Times New Roman", "Tinos")


@register("documents")
def what_letters_need(
    app_configs: Sequence[AppConfig] | None = None, **kwargs: Any
) -> Iterable[CheckMessage]:
    """Tell what is missing to print letters as they should be."""
    missing = []
    if not any(map(_loads, PANGO)):
        missing.append(
            CheckWarning(
                "Pango is missing: no letter can be printed.", hint=APT, id="documents.W001"
            )
        )
    if not any(map(_loads, SUBSET)):
        missing.append(
            CheckWarning(
                "libharfbuzz-subset is missing: letters take three times as long.",
                hint=APT,
                id="documents.W002",
            )
        )
    if not has_font(FONTS):
        missing.append(
            CheckWarning(
                "No font with the measures of Times New Roman is installed.",
                hint=APT,
                id="documents.W003",
            )
        )
    return missing


@register("documents")
def documents_are_not_public(
    app_configs: Sequence[AppConfig] | None = None, **kwargs: Any
) -> Iterable[CheckMessage]:
    """Tell when the storage of documents lies inside a folder that is served as it is."""
    location = Path(getattr(default_storage, "location", "/nowhere"))
    public = [Path(settings.STATIC_ROOT), *map(Path, settings.STATICFILES_DIRS)]
    if any(location.is_relative_to(folder) for folder in public):
        hint = "Move the default storage out of the static files' folders."
        return [CheckError("Documents lie below the web root.", hint=hint, id="documents.E001")]
    return []


def has_font(families: Sequence[str]) -> bool:
    """Say whether fontconfig knows one of the families by its own name."""
    fc_match = shutil.which("fc-match")
    if fc_match is None:
        return False
    for family in families:
        command = [fc_match, "--format=%{family}", family]
        found = subprocess.run(command, capture_output=True, text=True, check=False, timeout=10)  # noqa: S603
        if family in found.stdout.split(","):
            return True
    return False


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True
