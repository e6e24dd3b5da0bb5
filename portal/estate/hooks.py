"""What bringing in adds to other rooms: what waits for somebody on the work list."""

from __future__ import annotations

from portal.core.web import waiting
from portal.estate import accounts, differences

waiting.find_in(accounts.waiting_of)
waiting.find_in(differences.waiting_of)
