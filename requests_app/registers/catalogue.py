"""The books clerks keep by hand: certificates, hand-overs, losses, outgoing letters (DOMAIN 10.3).

Each is a list a user may see, narrowed and paged in the database, and the same as a spreadsheet;
personal numbers are masked in both.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from requests_app.registers import certificates, dossiers, handovers, losses
from requests_app.registers.base import Column, Register

__all__ = ["REGISTERS", "Column", "Register"]

REGISTERS: Mapping[str, Register[Any, Any]] = {
    register.slug: register
    for register in (
        certificates.REGISTER,
        handovers.REGISTER,
        losses.REGISTER,
        dossiers.REGISTER,
    )
}
