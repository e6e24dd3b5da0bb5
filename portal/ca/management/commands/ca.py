"""What the CA's desk does at a terminal: list, the next root or issuing CA, revoking one."""

from __future__ import annotations

import json
from datetime import datetime, time
from getpass import getpass
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from django.utils.dateparse import parse_date

from portal.ca.authority import keystore, offline, rollover
from portal.ca.authority import services as authority
from portal.ca.models import Authority, RevocationReason
from portal.core.files import write_new
from portal.core.rules import Refused


class Command(BaseCommand):
    help = "Lists the CAs, makes the next root or issuing CA, revokes one. See docs/ca.md."

    def add_arguments(self, parser: CommandParser) -> None:
        acts = parser.add_subparsers(dest="act", required=True)
        acts.add_parser("list", help="every CA, its days, its key, what is due next")
        root = acts.add_parser("root", help="roots, also those whose key lies elsewhere")
        root.add_argument("what", choices=["next", "take-away", "export", "sign", "import"])
        root.add_argument("--root", default="root", help="the root's slug")
        root.add_argument("--folder", type=Path, help="where the key and certificate lie, or go")
        root.add_argument("--file", type=Path, help="the request to write or sign, or the answer")
        root.add_argument("--out", type=Path, help="the answer to write")
        root.add_argument("--people", help="who opened the key, for the ceremony's log")
        root.add_argument(
            "--passphrases", type=Path, nargs=2, help="two people's files; asked for without them"
        )
        issuing = acts.add_parser("issuing", help="issuing CAs")
        issuing.add_argument("what", choices=["next"])
        issuing.add_argument(
            "--from", dest="issues_from", help="takes over on this day, YYYY-MM-DD"
        )
        revoke = acts.add_parser("revoke", help="revokes an issuing CA")
        revoke.add_argument("ca")
        revoke.add_argument("--reason", choices=RevocationReason.values, required=True)

    def handle(self, *args: Any, **options: Any) -> None:
        authority.open_for_signing()
        now = timezone.now()
        try:
            if options["act"] == "list":
                self._list(now)
            elif options["act"] == "root":
                self._root(options, now)
            elif options["act"] == "issuing":
                issues_from = _moment(options["issues_from"]) or now
                self._say(rollover.next_issuing(issues_from=issues_from, now=now))
            else:
                reason = RevocationReason(options["reason"])
                rollover.revoke(options["ca"], reason, now=now)
                authority.own().publish_crl(now=now)
                self.stdout.write(f"revoked: {options['ca']}")
        except (authority.NotConfigured, Refused, OSError, KeyError) as reason:
            raise CommandError(str(reason)) from reason

    def _root(self, options: dict[str, Any], now: datetime) -> None:
        what, file, folder = options["what"], options["file"], options["folder"]
        needed = {
            "take-away": ["folder"],
            "export": ["file"],
            "sign": ["folder", "file", "out", "people"],
            "import": ["file"],
        }
        if missing := [name for name in needed.get(what, []) if not options[name]]:
            raise CommandError(f"needed: {', '.join('--' + name for name in missing)}")
        if what == "next":
            self._say(rollover.next_root(now=now))
        elif what == "take-away":
            passphrase = _of_two_people(options["passphrases"])
            path = offline.take_away(options["root"], folder, passphrase=passphrase, now=now)
            self.stdout.write(f"the key lies in {path} and no longer here")
        elif what == "export":
            request = offline.request_for(options["root"], now=now)
            write_new(file, json.dumps(request, indent=1).encode())
            self.stdout.write("\n".join([*offline.summary(file.read_bytes()), f"written: {file}"]))
        elif what == "sign":
            passphrase = _of_two_people(options["passphrases"])
            self.stdout.write("\n".join(offline.summary(file.read_bytes())))
            answer = offline.sign(
                file.read_bytes(), folder, passphrase=passphrase, people=options["people"], now=now
            )
            write_new(options["out"], answer)
            self.stdout.write(f"signed: {options['out']}")
        else:
            made = offline.bring_in(file.read_bytes(), now=now)
            self.stdout.write(f"brought in: {', '.join(made)}")

    def _say(self, made: Authority) -> None:
        self.stdout.write(f"made: {made.slug}, {made.subject}, until {made.not_after:%Y-%m-%d}")

    def _list(self, now: datetime) -> None:
        for one in Authority.objects.authorities().order_by("pk"):
            key = "key elsewhere" if one.is_offline else "key here"
            if not one.is_offline and not keystore.has_key(one.slug):
                key = "KEY MISSING"
            end = "revoked" if one.revoked_at else f"until {one.not_after:%Y-%m-%d}"
            self.stdout.write(f"{one.slug}\tunder {one.signed_by}\t{end}\t{key}\t{one.subject}")
        for step in rollover.next_steps(now):
            self.stdout.write(
                f"due {step.due_at:%Y-%m-%d}: {step.code} ({step.ca}): {step.command}"
            )


def _of_two_people(files: list[Path] | None) -> str:
    """Return what opens a root's key, from two people's files or from what they type."""
    if files:
        first, second = (path.read_text(encoding="utf-8").strip() for path in files)
    else:
        first, second = getpass("First person's passphrase: "), getpass("Second person's: ")
    return offline.two_people(first, second)


def _moment(day: str | None) -> datetime | None:
    if not day:
        return None
    parsed = parse_date(day)
    if parsed is None:
        raise CommandError(f"no day: {day}")
    return timezone.make_aware(datetime.combine(parsed, time()))
