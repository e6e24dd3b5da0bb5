"""Accounts are locked in the one order too."""

from tests.flows.locks import rows_are_locked_in_order

__all__ = ["rows_are_locked_in_order"]
