"""Everything that can be done to accounts; pages, the API and commands call nothing else."""

from portal.accounts.services.accounts import (
    AccountFacts,
    change_password,
    create_account,
    create_administrators,
    deactivate,
    follow_body,
    reset_administrator,
)
from portal.accounts.services.changes import (
    confirm_change,
    decline_change,
    propose_address,
    propose_code,
    propose_reset,
    withdraw_change,
)
from portal.accounts.services.choices import (
    PRIVATE,
    choice_in_hand,
    choice_of_code,
    choice_of_link,
    choose_password,
    link_is_over,
    send_links,
)
from portal.accounts.services.grants import (
    confirm_role,
    decline_role,
    propose_role,
    withdraw_role,
)
from portal.accounts.services.tokens import (
    end_token,
    forget_expired,
    make_feed,
    make_token,
    note_first_use,
    reader_of,
    withdraw_feed,
)

__all__ = [
    "PRIVATE",
    "AccountFacts",
    "change_password",
    "choice_in_hand",
    "choice_of_code",
    "choice_of_link",
    "choose_password",
    "confirm_change",
    "confirm_role",
    "create_account",
    "create_administrators",
    "deactivate",
    "decline_change",
    "decline_role",
    "end_token",
    "follow_body",
    "forget_expired",
    "link_is_over",
    "make_feed",
    "make_token",
    "note_first_use",
    "propose_address",
    "propose_code",
    "propose_reset",
    "propose_role",
    "reader_of",
    "reset_administrator",
    "send_links",
    "withdraw_change",
    "withdraw_feed",
    "withdraw_role",
]
