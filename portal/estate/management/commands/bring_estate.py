"""Hands in lists and certificate files of the server, as an officer does on the page."""

from __future__ import annotations

import csv
import json
from argparse import ArgumentParser
from collections import Counter
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from portal.accounts.models import User
from portal.ca.register.certificate_files import MOST_CERTIFICATES
from portal.core.rules import Refused
from portal.estate import services
from portal.estate.contents import SINGLE, SUFFIXES
from portal.estate.models import Delivery, Verdict
from portal.estate.wording import said_of, sentence

_FINDINGS, _UNUSABLE = 1, 2
_NO_FAULTS = {"told_in_list", "letters_reread", "no_identity"}  # of rows that are as they should be
_FAULT_OF = {"body": "doubt_of_body"}  # kind of doubt → what a sheet of truth calls it
_MOST_ROWS = 20
_TOLD_NOTES = 2
_MOST_FILES, _MOST_BYTES = 500, 1024 * 1024 * 1024  # of a server's own folder


class Command(BaseCommand):
    """Reads, judges and, with --carry, brings in; exit codes 0 done, 1 findings, 2 unusable."""

    help = (
        "Hands in lists (.xlsx, .csv) and certificates (.cer, .p7b, .zip; a folder of them) for "
        "the office of --as. Without --carry it is only tried: what is in doubt waits on the page."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("paths", nargs="+", type=Path, help="files, or folders of them")
        parser.add_argument("--as", dest="username", required=True, help="the officer's account")
        parser.add_argument("--title", default="", help="what the delivery is called")
        parser.add_argument("--compare", action="store_true", help="also list what is only here")
        parser.add_argument("--carry", action="store_true", help="bring in what is in no doubt")
        parser.add_argument(
            "--truth", type=Path, help="a sheet of seed_estate: how much of it was found"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            actor = User.objects.select_related("agency").get(username=options["username"])
            truth = options["truth"]
            files = _found(options["paths"], apart_from=truth)
            purpose = Delivery.Purpose.COMPARE if options["compare"] else Delivery.Purpose.BRING_IN
            now = timezone.now()
            title = options["title"] or f"{now:%d/%m/%Y}: {files[0].name if files else ''}"[:150]
            delivery = services.hand_in(
                files,
                title=title,
                purpose=purpose,
                most_files=_MOST_FILES,
                most_bytes=_MOST_BYTES,
                actor=actor,
                now=now,
            )
            self._work(delivery)
            if truth is not None:
                self.stdout.write(json.dumps(measured(delivery, truth)))
            if options["carry"] and services.to_carry(delivery).exists():
                services.start(delivery, actor=actor, now=timezone.now())
                self._work(delivery)
        except Refused as refused:
            message = "; ".join(one.sentence for one in refused.violations)
            raise CommandError(message, returncode=_UNUSABLE) from refused
        except (OSError, User.DoesNotExist) as error:
            raise CommandError(str(error), returncode=_UNUSABLE) from error
        self._tell(delivery)

    def _work(self, delivery: Delivery) -> None:
        delivery.refresh_from_db()
        while delivery.is_in_work and services.work(now=timezone.now()):
            delivery.refresh_from_db()

    def _tell(self, delivery: Delivery) -> None:
        for name, number in sorted(delivery.counts.items()):
            self.stdout.write(f"{name}: {number}")
        for file in delivery.files.exclude(problem=""):
            why = (sentence(code, about) for code, about in file.notes[:_TOLD_NOTES])
            self.stderr.write(f"{file}: {' '.join([file.problem, *why])}")
        faulty = delivery.rows.filter(verdict__in=[Verdict.REFUSED, Verdict.DOUBTFUL])
        for row in faulty.order_by("pk")[:20]:
            self.stderr.write(f"{row}: {' '.join(said_of(row))}")
        if faulty.exists() or delivery.files.exclude(problem="").exists():
            raise CommandError("findings: see the page of the delivery", returncode=_FINDINGS)


def measured(delivery: Delivery, truth: Path) -> dict[str, object]:
    """Return how many of the faults of a sheet of truth were found in their rows (recall), how many
    of what was found are faults (precision), and of which kinds the others are."""
    with truth.open(encoding="utf-8-sig", newline="") as stream:
        real = {
            (one["list"], int(one["row"]), one["fault"])
            for one in csv.DictReader(stream, delimiter=";")
        }
    said = set()
    rows = delivery.rows.order_by().values_list(
        "file__document__name", "number", "findings", "doubts"
    )
    for name, number, findings, doubts in rows:
        codes = {code for _field, code, _about in findings} - _NO_FAULTS
        kinds = {one.partition(":")[0] for one in doubts}
        said |= {(name, number, code) for code in codes}
        said |= {(name, number, _FAULT_OF.get(kind, kind)) for kind in kinds}
    missed, false = real - said, said - real
    return {
        "faults": len(real),
        "recall": round(1 - len(missed) / max(len(real), 1), 4),
        "precision": round(1 - len(false) / max(len(said), 1), 4),
        "missed": Counter(fault for _name, _row, fault in missed),
        "false": Counter(code for _name, _row, code in false),
        "rows": sorted(f"{name}:{row} {fault}" for name, row, fault in missed | false)[:_MOST_ROWS],
    }


def _found(paths: list[Path], *, apart_from: Path | None) -> list[services.HandedIn]:
    """Return the files that are read; single certificates of a folder together, in archives."""
    found: list[services.HandedIn] = []
    for path in paths:
        if not path.is_dir():
            found.append(services.HandedIn(path.name, path.read_bytes()))
            continue
        inside = [one for one in sorted(path.rglob("*")) if one.is_file() and one != apart_from]
        apart = [one for one in inside if one.suffix.lower() in SUFFIXES]
        single = [one for one in apart if one.suffix.lower() in SINGLE]
        found += [
            services.HandedIn(one.name, one.read_bytes()) for one in apart if one not in set(single)
        ]
        for start in range(0, len(single), MOST_CERTIFICATES):
            stream = BytesIO()
            with ZipFile(stream, "w", ZIP_DEFLATED) as archive:
                for one in single[start : start + MOST_CERTIFICATES]:
                    archive.write(one, one.relative_to(path).as_posix())
            found.append(services.HandedIn(f"{path.name}-{start + 1}.zip", stream.getvalue()))
    return found
