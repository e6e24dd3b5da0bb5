"""Properties of the chain: whatever is done to the table, the first bad entry is named."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import transaction
from hypothesis import given
from hypothesis import settings as how
from hypothesis import strategies as st

from portal.audit.chain import first_flaw, plain
from portal.audit.models import AuditEntry, AuditHead
from portal.audit.services import record
from portal.audit.verification import verify
from tests.audit.builders import NOW, Actor, act, chain, forge, record_and_fail

pytestmark = pytest.mark.django_db

EXAMPLES = how(max_examples=25)


@pytest.fixture(autouse=True)
def _fresh() -> None:
    forget_checkpoints()


def forget_checkpoints() -> None:
    shutil.rmtree(Path(settings.CHECKPOINT_DIR).parent, ignore_errors=True)


def first_bad() -> int | None:
    flaw = verify().flaw
    return flaw.sequence if flaw else None


EDITS: dict[str, Any] = {
    "at": NOW + timedelta(microseconds=1),
    "actor_uuid": uuid.uuid4(),
    "actor_role": "head",
    "actor_name": "Người Khác",
    "action": "dossier.reject",
    "target_type": "device",
    "target_uuid": None,
    "agency_uuid": uuid.uuid4(),
    "office_uuid": None,
    "data": {"rows": [1, 2], "note": "Ban Thử"},
    "previous_hash": "1" * 64,
    "entry_hash": "2" * 64,
    "mac": "3" * 64,
}


def test_every_column_can_be_edited_in_the_property() -> None:
    columns = {column.name for column in AuditEntry._meta.fields}

    assert set(EDITS) == columns - {"sequence"}


@EXAMPLES
@given(st.integers(0, 12))
def test_a_chain_left_alone_is_whole(length: int) -> None:
    chain(length)

    assert first_bad() is None
    assert list(AuditEntry.objects.values_list("sequence", flat=True)) == list(range(1, length + 1))


@pytest.mark.parametrize("column", sorted(EDITS))
@how(max_examples=5)
@given(st.data())
def test_an_edit_of_any_column_is_found_where_it_was_made(column: str, data: st.DataObject) -> None:
    length = data.draw(st.integers(1, 8))
    position = data.draw(st.integers(1, length))
    chain(length)

    AuditEntry.objects.filter(sequence=position).update(**{column: EDITS[column]})

    assert first_bad() == position


@EXAMPLES
@given(st.data())
def test_a_deleted_entry_is_named(data: st.DataObject) -> None:
    length = data.draw(st.integers(1, 8))
    position = data.draw(st.integers(1, length))
    chain(length)

    AuditEntry.objects.filter(sequence=position).delete()

    assert first_bad() == position


@EXAMPLES
@given(st.data())
def test_a_deleted_entry_whose_place_was_closed_is_found(data: st.DataObject) -> None:
    length = data.draw(st.integers(2, 8))
    position = data.draw(st.integers(1, length - 1))
    chain(length)

    AuditEntry.objects.filter(sequence=position).delete()
    for sequence in range(position + 1, length + 1):
        AuditEntry.objects.filter(sequence=sequence).update(sequence=sequence - 1)

    assert first_bad() == position


@EXAMPLES
@given(st.data())
def test_an_inserted_entry_is_found_where_it_stands_or_right_after(data: st.DataObject) -> None:
    length = data.draw(st.integers(1, 8))
    position = data.draw(st.integers(1, length))
    chain(length)
    inserted = AuditEntry.objects.get(sequence=position)

    for sequence in range(length, position - 1, -1):
        AuditEntry.objects.filter(sequence=sequence).update(sequence=sequence + 1)
    inserted.action = "dossier.confirm"
    AuditEntry.objects.bulk_create([inserted])

    assert first_bad() in (position, position + 1)


@EXAMPLES
@given(st.data())
def test_two_entries_that_changed_places_are_found_at_the_first(data: st.DataObject) -> None:
    length = data.draw(st.integers(2, 8))
    first = data.draw(st.integers(1, length - 1))
    second = data.draw(st.integers(first + 1, length))
    chain(length)
    rows = AuditEntry.objects.filter(sequence__in=[first, second])

    one, other = rows.order_by("sequence")
    one.sequence, other.sequence = second, first
    rows.delete()
    AuditEntry.objects.bulk_create([one, other])

    assert first_bad() == first


@EXAMPLES
@given(st.data())
def test_a_cut_tail_is_found_while_the_head_remembers_it(data: st.DataObject) -> None:
    length = data.draw(st.integers(1, 8))
    kept = data.draw(st.integers(0, length - 1))
    chain(length)

    AuditEntry.objects.filter(sequence__gt=kept).delete()

    assert first_bad() == kept + 1


@EXAMPLES
@given(st.data())
def test_a_cut_that_reaches_back_past_a_checkpoint_is_found(data: st.DataObject) -> None:
    forget_checkpoints()
    length = data.draw(st.integers(1, 8))
    attested = data.draw(st.integers(1, length))
    kept = data.draw(st.integers(0, length))
    chain(length, attest=attested)

    forge(list(AuditEntry.objects.filter(sequence__lte=kept)))

    assert first_bad() == (kept + 1 if kept < attested else None)


@EXAMPLES
@given(st.data())
def test_a_forged_past_with_right_hashes_is_found(data: st.DataObject) -> None:
    forget_checkpoints()
    length = data.draw(st.integers(2, 8))
    attested = data.draw(st.integers(1, length))
    edited = data.draw(st.integers(1, length))
    chain(length, attest=attested)

    entries = list(AuditEntry.objects.all())
    entries[edited - 1].actor_name = "Người Khác"
    forge(entries)

    assert first_bad() in range(1, edited + 1)


@EXAMPLES
@given(st.data())
def test_a_fork_of_the_chain_is_found_up_to_the_checkpoint(data: st.DataObject) -> None:
    forget_checkpoints()
    length = data.draw(st.integers(2, 8))
    attested = data.draw(st.integers(1, length))
    common = data.draw(st.integers(0, length - 1))
    chain(length, attest=attested)

    entries = list(AuditEntry.objects.filter(sequence__lte=common))
    forge(entries)
    for number in range(length):  # the other branch grows longer than the true one
        with transaction.atomic():
            record(act("device.send"), actor=Actor(), now=NOW + timedelta(hours=number))

    assert (first_bad() is not None) == (common < attested)


def test_an_entry_before_the_first_is_found() -> None:
    chain(3)
    entry = AuditEntry.objects.get(sequence=2)
    entry.sequence = 0
    AuditEntry.objects.bulk_create([entry])

    assert first_bad() == 0


def test_an_entry_beyond_the_head_is_found() -> None:
    chain(3)
    entry = AuditEntry.objects.get(sequence=3)
    entry.sequence = 5
    AuditEntry.objects.bulk_create([entry])

    assert first_bad() == 4


def test_a_head_set_to_another_hash_is_found() -> None:
    chain(3)
    AuditHead.objects.update(entry_hash="3" * 64)

    assert first_bad() == 3


def test_an_entry_that_cannot_even_be_read_is_named() -> None:
    chain(3)
    head = AuditHead.objects.get()

    def rows() -> Iterator[AuditEntry]:
        yield AuditEntry.objects.get(sequence=1)
        raise ValueError("badly formed hexadecimal UUID string")

    flaw = first_flaw(rows(), head=(head.sequence, head.entry_hash), marks=[])

    assert flaw is not None
    assert flaw.sequence == 2


def test_data_comes_back_from_the_database_as_it_was_hashed() -> None:
    data: dict[str, Any] = {
        "z": None,
        "a": [True, 0, -7, 2**70, "Đặng Thị Ước — “é”"],
        "10": {"b": {}, "2": []},
    }

    with transaction.atomic():
        record(act(data=data), actor=None, now=NOW)

    assert first_bad() is None
    assert AuditEntry.objects.get().data == data


@pytest.mark.parametrize("value", [1.5, NOW, uuid.uuid4(), {1, 2}, b"x"])
def test_data_that_a_database_may_change_is_refused(value: object) -> None:
    with pytest.raises(TypeError, match="an audit entry cannot hold"):
        plain({"value": [value]})


def test_an_act_and_its_entry_stand_or_fall_together() -> None:
    chain(2)

    with pytest.raises(RuntimeError, match="after all"):
        record_and_fail()

    assert first_bad() is None
    assert AuditHead.objects.get().sequence == 2


@pytest.mark.django_db(transaction=True)
def test_an_entry_needs_a_transaction() -> None:
    with pytest.raises(transaction.TransactionManagementError):
        record(act(), actor=None, now=NOW)
