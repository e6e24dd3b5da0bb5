"""Why a line says what it says, as codes; ``planner.reasons`` has their articles and sentences."""

from __future__ import annotations

from enum import StrEnum


class Why(StrEnum):
    """The reason of a line."""

    # Certificates that live on, changed or not.
    SURVIVOR = "survivor"
    NAME_KEPT = "name_kept"
    NOTHING_CHANGES = "nothing_changes"
    AGENCY_RENAMED = "agency_renamed"
    SUPERIOR_CHANGES = "superior_changes"
    PROVINCE_CHANGES = "province_changes"
    EMAIL_CHANGES = "email_changes"
    MOVES = "moves"
    MOVES_OUTSIDE = "moves_outside"
    NAMESAKE = "namesake"  # of a divided body, kept for the one that bears its name: asked
    TITLE_STAYS = "title_stays"  # changed with the title as it is: asked whether it fits
    # Certificates that end, or have ended.
    MERGED = "merged"
    SPLIT = "split"
    DISSOLVED = "dissolved"
    NEED_ENDED = "need_ended"
    PERSON_LEFT = "person_left"
    STOPS_OPERATING = "stops_operating"
    DEVICE_LOST = "device_lost"
    DEVICE_DAMAGED = "device_damaged"
    TITLE_NO_LONGER_FITS = "title_no_longer_fits"
    SECOND_CERTIFICATE = "second_certificate"
    TOO_LATE_TO_CHANGE = "too_late_to_change"
    ENDS_BY_ITSELF = "ends_by_itself"
    EXPIRED = "expired"
    REVOKED = "revoked"
    SUPERSEDED = "superseded"
    REVOCATION_PENDING = "revocation_pending"
    # New certificates.
    NONE_HAS_30_DAYS = "none_has_30_days"
    ALL_EXPIRED = "all_expired"
    FIRST_CERTIFICATE = "first_certificate"
    CERTIFICATE_UNUSABLE = "certificate_unusable"
    SPLIT_SUCCESSOR = "split_successor"
    CHOSEN_NONE = "chosen_none"
    NEED_WITHOUT_CERTIFICATE = "need_without_certificate"
    # Bodies that ask for nothing.
    HAS_CERTIFICATE = "has_certificate"
    NEVER_HAD_ONE = "never_had_one"
    NO_SEAL = "no_seal"
    UNIT_ENDS = "unit_ends"
    # What the machine leaves to people.
    BODY_SPLIT = "body_split"
    BODY_DISSOLVED = "body_dissolved"
    DISTRICT = "district"  # something is proposed, but it is always a person's choice
    FOLLOWS_CERTIFICATE = "follows_certificate"  # asked once, about the certificate
    SETTLED = "settled"
    # Devices.
    LOCKED_BEFORE_CHANGE = "locked_before_change"
    STAYS_WITH_CERTIFICATE = "stays_with_certificate"
    TO_NEW_CLERK = "to_new_clerk"
    AFTER_REVOCATION = "after_revocation"
    AFTER_EXPIRY = "after_expiry"
    REPLACED = "replaced"
    LOST_ALREADY = "lost_already"
    ON_ITS_WAY_BACK = "on_its_way_back"
    NOT_AT_AGENCY = "not_at_agency"
    NOT_IN_USE = "not_in_use"
    # Subscribers and dossiers.
    GOES_OVER = "goes_over"
    ENDS_WITH_BODY = "ends_with_body"
    BODY_GOES_ON = "body_goes_on"
    NOT_INVOLVED = "not_involved"
    GOES_ON_UNDER_SUCCESSOR = "goes_on_under_successor"
    BEING_EXECUTED = "being_executed"
    OLD_NAME = "old_name"


class Warn(StrEnum):
    """What to look at before a line is approved; it stops nothing."""

    NO_ANSWER = "no_answer"
    NO_NEW_EMAIL = "no_new_email"
    UNDER_30_DAYS = "under_30_days"
    NEAR_END = "near_end"
    RENEW_TOO = "renew_too"
    RENEWED_ALREADY = "renewed_already"
    PENDING_04 = "pending_04"
    TITLE_SHOWN = "title_shown"
    SIM_PHONE = "sim_phone"
    SIM_CARD = "sim_card"
    CENTRAL_SIGNING = "central_signing"
    DEVICE_LOCKED = "device_locked"
    DEVICE_NOT_IN_HAND = "device_not_in_hand"
    DEVICE_UNKNOWN = "device_unknown"
    HAND_OVER_TOO = "hand_over_too"
    WET_INK = "wet_ink"
    SUPERIOR_FILES = "superior_files"
    ANY_SUCCESSOR_FILES = "any_successor_files"
    CHOICE_FELL_OUT = "choice_fell_out"
    SECOND_ORGANISATION_REQUEST = "second_organisation_request"
    NAMES_OLD_SUPERIOR = "names_old_superior"
    AGENCY_NOT_NAMED = "agency_not_named"
    NO_CERTIFICATE_LEFT = "no_certificate_left"
    CANNOT_AS_SETTLED = "cannot_as_settled"
    SUPERIOR_UNKNOWN = "superior_unknown"
    STAYS_WITH_NAMESAKE = "stays_with_namesake"
    UNIT_ENDS = "unit_ends"
    OTHER_ON_DEVICE = "other_on_device"
    OTHER_LASTS_LONGER = "other_lasts_longer"


class Against(StrEnum):
    """Why a certificate can't be the one that lives on (DOMAIN 4.2)."""

    REVOKED = "revoked"
    EXPIRED = "expired"
    UNDER_30_DAYS = "under_30_days"
    DEVICE_LOST = "device_lost"
    DEVICE_DAMAGED = "device_damaged"
    DEVICE_NOT_IN_HAND = "device_not_in_hand"
    REVOCATION_PENDING = "revocation_pending"
    NOT_NEEDED = "not_needed"
    NOT_WHOLE = "not_whole"
    NAME_KEPT_BY_ANOTHER = "name_kept_by_another"


class Note(StrEnum):
    """What to know of a certificate before it is chosen to live on."""

    RENEWED_ALREADY = "renewed_already"
    RENEW_TOO = "renew_too"
    DEVICE_LOCKED = "device_locked"
    DEVICE_UNKNOWN = "device_unknown"
    PENDING = "pending"
    OTHER_PROVINCE = "other_province"
    OTHER_SUPERIOR = "other_superior"
