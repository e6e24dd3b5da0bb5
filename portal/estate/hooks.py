"""What bringing in adds to other rooms: accounts that wait on an administrator's work list."""

from __future__ import annotations

from portal.core.web import waiting
from portal.estate import accounts

waiting.find_in(accounts.waiting_of)
