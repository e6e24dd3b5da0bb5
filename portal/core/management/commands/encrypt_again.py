"""Seals what lies open or under a former key: stored files, and columns bound to their rows."""

from __future__ import annotations

from typing import Any

from cryptography.exceptions import InvalidTag
from django.apps import apps
from django.core.files.storage import default_storage
from django.core.management.base import BaseCommand, CommandError
from django.db import models, transaction

from portal.core.database.bulk import update_rows
from portal.core.database.fields import Sealed, encrypted_fields
from portal.core.sealed_files import Altered

_AT_ONCE = 500


class Command(BaseCommand):
    """Safe to run twice, and beside web and worker: what somebody else just wrote stays."""

    help = "Mã hóa lại tệp và dữ liệu cá nhân bằng FILE_KEY, FIELD_KEY hiện nay."

    def handle(self, *_args: Any, **_options: Any) -> None:
        unreadable: list[str] = []
        files = 0
        storage: Any = default_storage  # one of somebody else's sees to it itself
        for name in storage.every_name() if hasattr(storage, "seal_again") else ():
            try:
                files += storage.seal_again(name)
            except FileNotFoundError:
                continue  # dropped meanwhile
            except Altered:
                unreadable.append(name)
        columns = 0
        for model in apps.get_models():
            if fields := encrypted_fields(model):
                columns += _rows(model, fields, unreadable)
        self.stdout.write(f"{files} tệp, {columns} dòng đã mã hóa lại.")
        if unreadable:
            for one in unreadable:
                self.stderr.write(one)
            raise CommandError(
                f"{len(unreadable)} tệp hoặc dòng không đọc được bằng khóa nào: "
                "giữ FILE_KEYS_BEFORE, FIELD_KEYS_BEFORE."
            )


def _rows(model: type[models.Model], fields: list[Any], unreadable: list[str]) -> int:
    """Write anew what is not current of one table, in chunks; return how many rows."""
    names = [one.attname for one in fields]
    done, last = 0, 0
    while True:
        manager = model._base_manager
        seen = list(manager.filter(pk__gt=last).order_by("pk").values_list("pk", *names)[:_AT_ONCE])
        if not seen:
            return done
        last = seen[-1][0]
        stale = [
            pk
            for pk, *values in seen
            if any(isinstance(one, Sealed) and not one.is_current for one in values)
        ]
        if not stale:
            continue
        with transaction.atomic():
            locked = manager.select_for_update(no_key=True).filter(pk__in=stale).order_by("pk")
            rows = []
            for row in locked:
                try:
                    for name in names:
                        getattr(row, name)  # opened: it is sealed anew when it is written
                except InvalidTag:
                    unreadable.append(f"{model._meta.label} {row.pk}")
                    continue
                rows.append(row)
            done += update_rows(rows, [one.name for one in fields]) if rows else 0
