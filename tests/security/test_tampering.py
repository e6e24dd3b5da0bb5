"""Whoever has the database alone changes nothing of the audit unseen; each way is named."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.test import Client

from portal.audit import checkpoints, services, tasks, verification
from portal.audit.chain import hash_of
from portal.audit.models import GENESIS, AuditEntry, AuditHead
from portal.core.roles import Role
from tests import builders
from tests.audit.builders import NOW, Actor, act

pytestmark = pytest.mark.django_db(transaction=True)
LENGTH, ATTESTED = 8, 5


def record(count: int = 1) -> None:
    for _time in range(count):
        with transaction.atomic():
            services.record(act(), actor=Actor(), now=NOW)


@pytest.fixture(autouse=True)
def _chain() -> None:
    """Eight entries, as the portal commits them; the fifth is the last that is attested."""
    record(ATTESTED)
    services.write_checkpoint(now=NOW)
    record(LENGTH - ATTESTED)


def found() -> str:
    """Return the code of what verifying finds."""
    try:
        flaw = verification.verify().flaw
    except checkpoints.Broken as broken:
        return broken.code
    return flaw.code if flaw else ""


def found_by_sweep() -> str:
    """Return the code of what the sweep finds that writes the next checkpoint."""
    try:
        tasks.write_checkpoint()
    except services.ChainBroken as broken:
        return broken.flaw.code
    except checkpoints.Broken as broken:
        return broken.code
    return ""


def folder() -> Path:
    return Path(settings.CHECKPOINT_DIR)


def keys() -> Path:
    return folder().with_name("checkpoints-key")


def at(sequence: int) -> Any:
    return AuditEntry.objects.filter(sequence=sequence)


def rechained(entries: list[AuditEntry]) -> None:
    """Put ``entries`` in the table's place as a forger would: right hashes, a right head."""
    AuditEntry.objects.all().delete()
    previous = GENESIS
    for sequence, entry in enumerate(entries, 1):
        entry.sequence, entry.previous_hash = sequence, previous
        previous = entry.entry_hash = hash_of(entry)
    AuditEntry.objects.bulk_create(entries)
    AuditHead.objects.update(sequence=len(entries), entry_hash=previous)


def edit(sequence: int, **columns: Any) -> Callable[[], None]:
    return lambda: at(sequence).update(**columns)


def edit_well(sequence: int, **columns: Any) -> Callable[[], None]:
    """Edit and make every hash right again."""

    def tamper() -> None:
        entries = list(AuditEntry.objects.all())
        for name, value in columns.items():
            setattr(entries[sequence - 1], name, value)
        rechained(entries)

    return tamper


def append(*, mac: str = "", count: int = 1) -> Callable[[], None]:
    """Append entries of the newest's kind, with right hashes and a right head."""

    def tamper() -> None:
        entries = list(AuditEntry.objects.all())
        for _time in range(count):
            entry = at(LENGTH).get()
            entry.action, entry.mac = "dossier.confirm", mac or entry.mac
            entries.append(entry)
        rechained(entries)

    return tamper


def append_without_mac() -> None:
    append()()
    at(LENGTH + 1).update(mac="")


def cut(kept: int) -> None:
    last = at(kept).first()
    AuditEntry.objects.filter(sequence__gt=kept).delete()
    AuditHead.objects.update(sequence=kept, entry_hash=last.entry_hash if last else GENESIS)


def cut_and_grow(kept: int) -> None:
    cut(kept)
    (folder() / "reached").rename(folder() / "away")  # the portal had not noticed when it wrote on
    record(LENGTH - kept + 1)
    (folder() / "away").replace(folder() / "reached")


def swap() -> None:
    one, other = at(2).get(), at(4).get()
    one.sequence, other.sequence = 4, 2
    AuditEntry.objects.filter(sequence__in=[2, 4]).delete()
    AuditEntry.objects.bulk_create([one, other])


def insert(sequence: int) -> None:
    entry = at(3).get()
    entry.sequence = sequence
    AuditEntry.objects.bulk_create([entry])


def insert_well() -> None:
    entries = list(AuditEntry.objects.all())
    entries.insert(6, at(2).get())
    rechained(entries)


def drop_well(sequence: int) -> None:
    rechained(list(AuditEntry.objects.exclude(sequence=sequence)))


def close_gap() -> None:
    at(6).delete()
    for sequence in (7, 8):
        at(sequence).update(sequence=sequence - 1)


def lines() -> list[str]:
    (path,) = folder().glob("*.jsonl")
    return path.read_text().splitlines()


def lose(path: str) -> Callable[[], None]:
    def tamper() -> None:
        (folder().parent / path).unlink()

    return tamper


def rewrite(*new: str) -> None:
    (path,) = folder().glob("*.jsonl")
    path.write_text("".join(f"{line}\n" for line in new))


def forge_line() -> None:
    rewrite(lines()[0].replace(f'"sequence": {ATTESTED}', '"sequence": 4'))


def another_line() -> None:
    services.write_checkpoint(now=NOW)
    rewrite(lines()[1])


def empty_folder() -> None:
    shutil.rmtree(folder())
    folder().mkdir()


def forget_and_deny() -> None:
    empty_folder()
    AuditHead.objects.update(sealed_from=LENGTH + 1)


def another_mac_key() -> None:
    (keys() / "mac").write_text("ab" * 32)


TAMPERINGS: dict[str, tuple[Callable[[], Any], str]] = {
    "the moment": (edit(3, at=NOW + timedelta(microseconds=1)), "altered"),
    "the actor": (edit(3, actor_uuid=uuid.uuid4()), "altered"),
    "the actor taken away": (edit(3, actor_uuid=None), "altered"),
    "the role": (edit(3, actor_role="head"), "altered"),
    "the name": (edit(3, actor_name="Người Khác"), "altered"),
    "the act": (edit(3, action="dossier.reject"), "altered"),
    "the kind of thing": (edit(3, target_type="device"), "altered"),
    "the thing": (edit(3, target_uuid=None), "altered"),
    "the body": (edit(3, agency_uuid=uuid.uuid4()), "altered"),
    "the office": (edit(3, office_uuid=None), "altered"),
    "the data": (edit(3, data={}), "altered"),
    "the hash before": (edit(3, previous_hash="1" * 64), "altered"),
    "the hash": (edit(3, entry_hash="2" * 64), "altered"),
    "the MAC": (edit(3, mac="3" * 64), "wrong_mac"),
    "the MAC of another": (lambda: at(3).update(mac=at(2).get().mac), "wrong_mac"),
    "the MAC taken away": (edit(3, mac=""), "unsealed"),
    "every MAC taken away": (lambda: AuditEntry.objects.update(mac=""), "unsealed"),
    "the newest": (edit(LENGTH, action="dossier.reject"), "altered"),
    "the newest, hashes right": (edit_well(LENGTH, action="dossier.reject"), "wrong_mac"),
    "one not yet attested, hashes right": (edit_well(6, action="dossier.reject"), "wrong_mac"),
    "one that is attested, hashes right": (edit_well(2, actor_name="Khác"), "wrong_mac"),
    "the first, hashes right": (edit_well(1, data={}), "wrong_mac"),
    "one appended, hashes right": (append(), "wrong_mac"),
    "one appended with an invented MAC": (append(mac="4" * 64), "wrong_mac"),
    "one appended without a MAC": (append_without_mac, "unsealed"),
    "a hundred appended, hashes right": (append(count=100), "wrong_mac"),
    "one deleted": (lambda: at(3).delete(), "missing"),
    "the first deleted": (lambda: at(1).delete(), "missing"),
    "the last deleted": (lambda: at(LENGTH).delete(), "cut"),
    "one deleted, the gap closed": (close_gap, "altered"),
    "one deleted, hashes right": (lambda: drop_well(3), "wrong_mac"),
    "one not yet attested deleted, hashes right": (lambda: drop_well(6), "wrong_mac"),
    "the newest deleted, head right": (lambda: cut(LENGTH - 1), "set_back"),
    "cut back to the last checkpoint": (lambda: cut(ATTESTED), "set_back"),
    "cut back past the last checkpoint": (lambda: cut(ATTESTED - 1), "cut"),
    "all deleted": (lambda: cut(0), "cut"),
    "cut, and the portal wrote on": (lambda: cut_and_grow(6), "rewritten"),
    "two in each other's place": (swap, "altered"),
    "one inserted before the first": (lambda: insert(0), "out_of_place"),
    "one inserted, hashes right": (insert_well, "wrong_mac"),
    "one beyond the head": (lambda: insert(LENGTH + 1), "beyond_head"),
    "one far beyond the head": (lambda: insert(LENGTH + 9), "beyond_head"),
    "the head's hash": (lambda: AuditHead.objects.update(entry_hash="5" * 64), "head_differs"),
    "the head ahead": (lambda: AuditHead.objects.update(sequence=LENGTH + 1), "cut"),
    "the head back": (lambda: AuditHead.objects.update(sequence=LENGTH - 1), "head_differs"),
    "the head gone": (lambda: AuditHead.objects.all().delete(), "seal_moved"),
    "where MACs begin": (lambda: AuditHead.objects.update(sealed_from=7), "seal_moved"),
    "MACs never begun": (lambda: AuditHead.objects.update(sealed_from=None), "seal_moved"),
    "a line of the checkpoints": (forge_line, "line_altered"),
    "a line cut out": (another_line, "line_unlinked"),
    "a line that is none": (lambda: rewrite("{}"), "line_unreadable"),
    "the checkpoints emptied": (empty_folder, "emptied"),
    "emptied, and the head denies it": (forget_and_deny, "emptied"),
    "the signing key gone": (lose("checkpoints-key/ed25519.pem"), "key_lost"),
    "the signing key no key": (lambda: (keys() / "ed25519.pem").write_text("x"), "key_lost"),
    "the MAC key gone": (lose("checkpoints-key/mac"), "mac_key_lost"),
    "another MAC key": (another_mac_key, "wrong_mac"),
    "both keys gone": (lambda: shutil.rmtree(keys()), "key_lost"),
    "the note of how far it came gone": (lose("checkpoints/reached"), "reached_lost"),
}
# Of the past that is attested the sweep reads nothing again: that is for verify_audit.
SINCE = ("one appended", "a hundred", "the newest", "one not yet", "cut", "all deleted")


def test_an_untouched_chain_has_no_flaw() -> None:
    assert found() == ""
    assert found_by_sweep() == ""
    assert len(TAMPERINGS) >= 40


@pytest.mark.parametrize("name", TAMPERINGS)
def test_each_tampering_is_named(name: str) -> None:
    tamper, code = TAMPERINGS[name]

    tamper()

    assert found() == code
    with pytest.raises(CommandError, match=rf"\({code}\)") as end:
        call_command("verify_audit")
    assert end.value.returncode == 1


@pytest.mark.parametrize("name", [one for one in TAMPERINGS if one.startswith(SINCE)])
def test_what_was_done_since_the_last_checkpoint_is_found_by_the_next(name: str) -> None:
    tamper, _code = TAMPERINGS[name]
    marks = lines()

    tamper()

    assert found_by_sweep() != ""
    assert lines() == marks


def test_the_checkpoint_of_the_hundredth_entry_attests_nothing_that_was_appended() -> None:
    append()()

    with transaction.atomic():
        services.record_many([act()] * 100, actor=Actor(), now=NOW)

    assert [mark.sequence for mark in checkpoints.read_all()] == [ATTESTED]
    assert found_by_sweep() == "wrong_mac"


@pytest.mark.parametrize(
    ("date", "vendor"),
    [("hôm qua", "sqlite"), ("2026-13-45", "sqlite"), ("infinity", "postgresql")],
)
def test_a_date_that_cannot_be_read_names_the_entry(date: str, vendor: str) -> None:
    if connection.vendor == vendor:
        with connection.cursor() as cursor:
            cursor.execute("UPDATE audit_auditentry SET at = %s WHERE sequence = 3", [date])
    else:
        at(3).update(at=NOW - timedelta(days=1))

    with pytest.raises(CommandError, match=r"broken at entry 3"):
        call_command("verify_audit")

    assert found() == ("unreadable" if connection.vendor == vendor else "altered")


@pytest.mark.parametrize("loss", ["the checkpoints emptied", "both keys gone", "the MAC key gone"])
def test_what_is_lost_is_an_alarm_until_somebody_begins_anew_and_says_why(
    client: Client, loss: str
) -> None:
    tamper, code = TAMPERINGS[loss]
    tamper()

    assert client.get("/readyz").json()["checks"]["audit"] == code
    for _time in range(2):
        assert found_by_sweep() == code
    record()
    call_command("begin_checkpoints", because="máy chủ bị thay đĩa", stdout=StringIO())

    entry = AuditEntry.objects.get(action="audit.begin_checkpoints")
    assert entry.data == {
        "because": "máy chủ bị thay đĩa",
        "found": code,
        "attested": 0 if code == "emptied" else ATTESTED,
    }
    assert found() == ""
    record(2)
    assert found_by_sweep() == ""
    assert client.get("/readyz").json()["checks"]["audit"] == "ok"


def test_a_key_that_is_lost_stops_nobodys_work() -> None:
    (keys() / "mac").unlink()

    record()

    assert AuditEntry.objects.count() == LENGTH + 1
    assert not (keys() / "mac").exists()


def test_a_note_that_is_lost_is_not_made_anew_by_the_next_entry() -> None:
    lose("checkpoints/reached")()

    record()

    assert found() == found_by_sweep() == "reached_lost"


def test_nothing_is_begun_anew_where_nothing_is_lost() -> None:
    with pytest.raises(CommandError, match="Nothing is lost"):
        call_command("begin_checkpoints", because="cho vui")


def test_what_was_written_before_there_were_macs_is_told_and_not_taken_for_forged() -> None:
    older = list(AuditEntry.objects.all())
    shutil.rmtree(folder())
    shutil.rmtree(keys())
    AuditHead.objects.update(sealed_from=None, is_attested=False)
    AuditEntry.objects.update(mac="")
    checkpoints.write(LENGTH, older[-1].entry_hash, now=NOW)  # as the version before left it
    record()
    services.write_checkpoint(now=NOW)
    out = StringIO()

    call_command("verify_audit", stdout=out)

    assert f"Entries up to {LENGTH} have no MAC" in out.getvalue()
    edit_well(LENGTH + 1, action="dossier.reject")()
    assert found() != ""


def test_the_list_of_the_audit_says_that_something_is_lost(client: Client) -> None:
    client.force_login(builders.user(Role.ADMINISTRATOR))
    assert client.get("/nhat-ky/").context["is_broken"] is False

    empty_folder()

    assert client.get("/nhat-ky/").context["is_broken"] is True
