"""Everything that can be done to accounts; pages, the API and commands call nothing else."""

from portal.accounts.services.accounts import (
    AccountFacts,
    NewAccount,
    change_password,
    create_account,
    create_administrator,
    deactivate,
    reset_administrator,
    reset_password,
)
from portal.accounts.services.feeds import make_feed, reader_of, withdraw_feed
from portal.accounts.services.following import follow_body
from portal.accounts.services.grants import (
    confirm_role,
    decline_role,
    propose_role,
    withdraw_role,
)
from portal.accounts.services.tokens import end_token, forget_expired, make_token

__all__ = [
    "AccountFacts",
    "NewAccount",
    "change_password",
    "confirm_role",
    "create_account",
    "create_administrator",
    "deactivate",
    "decline_role",
    "end_token",
    "follow_body",
    "forget_expired",
    "make_feed",
    "make_token",
    "propose_role",
    "reader_of",
    "reset_administrator",
    "reset_password",
    "withdraw_feed",
    "withdraw_role",
]
