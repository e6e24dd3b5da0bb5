"""The watch over locks sees what it is there to see; see ``tests.locks``."""

from __future__ import annotations

import ast

import pytest
from django.db import transaction
from django.db.transaction import TransactionManagementError

from devices import services as devices
from portal.accounts.models import User
from portal.audit import services as audit
from tests import locks


def test_the_source_is_read() -> None:
    found = locks.functions_that_lock()

    assert "devices/stock/services.py:take_from_stock" in found
    assert not [name for name in found if name.endswith("<module>")]


@pytest.mark.parametrize(
    ("source", "function"),
    [
        ("def a():\n    def b():\n        rows.select_for_update().get()", "a.b"),
        ("class A:\n    def b(self):\n        return self.select_for_update", "A.b"),
        ("def a():\n    return [row for row in rows.select_for_update()]", "a"),
        ("rows = things.select_for_update()", "<module>"),
    ],
)
def test_a_lock_is_found_wherever_it_stands(source: str, function: str) -> None:
    assert list(locks.locking_functions(ast.parse(source))) == [function]


@pytest.mark.django_db
def test_the_transaction_of_a_test_hides_no_lock_without_one() -> None:
    with pytest.raises(TransactionManagementError, match=r"stock/services\.py:take_from_stock"):
        devices.take_from_stock("token", 1)
    with pytest.raises(TransactionManagementError):
        User.objects.select_for_update().first()
    with transaction.atomic():
        assert devices.take_from_stock("token", 1) == []


@pytest.mark.django_db
def test_a_whole_run_knows_what_was_called() -> None:
    with transaction.atomic():
        devices.take_from_stock("token", 1)  # of a queryset
        audit.lock_chain()  # of a manager

    expected = {
        "devices/stock/services.py:take_from_stock",
        "portal/audit/services.py:lock_chain",
    }
    assert expected <= locks.called & locks.functions_that_lock()
    assert expected.isdisjoint(locks.never_called())
