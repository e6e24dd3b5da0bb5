"""Check an archive package without the database: against trust anchors and nothing else."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from cryptography import x509
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from portal.ca.authority.anchors import Unreadable, certificates_in
from requests_app.archive import package
from requests_app.archive.key import certificate_path


class Command(BaseCommand):
    help = "Check an archive package (.zip) against trust anchors; needs no database."
    requires_system_checks: list[str] = []
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the package, and where the anchors lie."""
        parser.add_argument("package", type=Path)
        parser.add_argument(
            "--anchors",
            type=Path,
            action="append",
            help="a file or folder of certificates; else TRUST_ANCHORS and the portal's own",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Say what was found, or fail with the first flaw."""
        own = [certificate_path(), *sorted(Path(settings.CA_KEY_DIR).glob("root*.crt"))]
        places = options["anchors"] or [Path(settings.TRUST_ANCHORS), *own]
        anchors: list[x509.Certificate] = []
        for place in places:
            files = sorted(place.iterdir()) if place.is_dir() else [place]
            for file in files:
                try:
                    anchors += certificates_in(file.read_bytes())
                except (OSError, Unreadable) as error:
                    self.stderr.write(f"{file}: {error}")
        if not anchors:
            raise CommandError("no trust anchor: name one with --anchors")
        try:
            content = options["package"].read_bytes()
        except OSError as error:
            raise CommandError(f"{options['package']}: {error}") from error
        try:
            found = package.verify(content, anchors=anchors, now=timezone.now())
        except package.Untrue as flaw:
            raise CommandError(f"NOT as it was signed: {flaw}") from flaw
        stamp = f", timestamp {found.stamped_at}" if found.stamped_at else ", no timestamp"
        self.stdout.write(
            f"As it was signed: dossier {found.dossier}, {found.files} files, {found.entries} "
            f"audit entries, signed {found.signed_at} by {found.signer}{stamp}."
        )
