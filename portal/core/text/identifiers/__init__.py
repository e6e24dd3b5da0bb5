"""Checks of what people type: each returns what it finds, ``()`` when nothing.

A check sees a value that is not empty; "missing" is the form's word. A rule whose source is weaker
than a published text says so: RECALLED (general knowledge) or DERIVED (inferred).
"""

from portal.core.text.identifiers.codes import (
    check_agency_code,
    check_budget_code,
    check_certificate_serial,
    check_tax_code,
    normalise_serial,
)
from portal.core.text.identifiers.contacts import (
    CARRIERS,
    check_carrier,
    check_email_domain,
    check_office_phone,
    check_official_email,
    check_phone,
    normalise_phone,
)
from portal.core.text.identifiers.days import (
    check_day,
    check_issue_day,
    could_be_swapped,
    in_doubt,
    in_full,
    parse_day,
    written_day,
)
from portal.core.text.identifiers.found import Check, Findings
from portal.core.text.identifiers.hosts import check_host, host_of
from portal.core.text.identifiers.names import check_letters
from portal.core.text.identifiers.people import (
    ISSUE_PLACES,
    NEW_CARD_ISSUE_PLACE,
    PROVINCE_CODES,
    SHEET_ISSUE_PLACES,
    check_identity_birth,
    check_identity_number,
    check_issue_place,
    check_name,
    identity_birth_year,
    issue_place_name,
    mask,
    mask_within,
)

__all__ = [
    "CARRIERS",
    "ISSUE_PLACES",
    "NEW_CARD_ISSUE_PLACE",
    "PROVINCE_CODES",
    "SHEET_ISSUE_PLACES",
    "Check",
    "Findings",
    "check_agency_code",
    "check_budget_code",
    "check_carrier",
    "check_certificate_serial",
    "check_day",
    "check_email_domain",
    "check_host",
    "check_identity_birth",
    "check_identity_number",
    "check_issue_day",
    "check_issue_place",
    "check_letters",
    "check_name",
    "check_office_phone",
    "check_official_email",
    "check_phone",
    "check_tax_code",
    "could_be_swapped",
    "host_of",
    "identity_birth_year",
    "in_doubt",
    "in_full",
    "issue_place_name",
    "mask",
    "mask_within",
    "normalise_phone",
    "normalise_serial",
    "parse_day",
    "written_day",
]
