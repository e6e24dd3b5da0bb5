"""Everything that can be done to a dossier; pages, the API and the worker call nothing else."""

from requests_app.covering_letters.services import (
    attach_letter_scan,
    is_others_letter,
    make_letter,
    number_letter,
    uncover,
    waiting_to_forward,
)
from requests_app.covering_letters.steps import (
    covered_of,
    letter_steps_of,
    preview_letter,
    render_letter,
    still_waits,
    take_letter_step,
    violations_of_step,
)
from requests_app.decision.services import RowDecision, accept_all, decide_rows, tick_devices
from requests_app.dossier_pages.reading import (
    as_sent,
    hides_rework,
    last_sent_letter,
    note_reading,
    shown_events,
)
from requests_app.drafts.attachments import attach, detach
from requests_app.drafts.services import (
    MOST_ROWS,
    add_row,
    create_draft,
    duplicate_row,
    import_rows,
    move_row,
    remove_row,
    save_letter,
    save_rows,
)
from requests_app.drafts.splitting import split_by_route
from requests_app.kinds.mau_07_handover.prefill import handover_rows
from requests_app.routing.preview import changes_of, preview_of_preset
from requests_app.routing.proposals import (
    confirm_proposal,
    decline_proposal,
    propose_end,
    propose_preset,
    propose_rule,
    withdraw_proposal,
)
from requests_app.routing.terms import PresetTerms, RuleFacts
from requests_app.start_page.services import start_dossier
from requests_app.steps.engine import allowed_steps, bars_of, take_step
from requests_app.steps.errors import Barred, NotEditable, StaleVersion
from requests_app.steps.titles import headline_of, title_of
from requests_app.submission.checks import (
    Check,
    RowFindings,
    checks,
    expected_signing_mode,
    row_findings,
    violations_before_sending,
    violations_before_signing,
)
from requests_app.submission.letters import preview_html, render

__all__ = [
    "MOST_ROWS",
    "Barred",
    "Check",
    "NotEditable",
    "PresetTerms",
    "RowDecision",
    "RowFindings",
    "RuleFacts",
    "StaleVersion",
    "accept_all",
    "add_row",
    "allowed_steps",
    "as_sent",
    "attach",
    "attach_letter_scan",
    "bars_of",
    "changes_of",
    "checks",
    "confirm_proposal",
    "covered_of",
    "create_draft",
    "decide_rows",
    "decline_proposal",
    "detach",
    "duplicate_row",
    "expected_signing_mode",
    "handover_rows",
    "headline_of",
    "hides_rework",
    "import_rows",
    "is_others_letter",
    "last_sent_letter",
    "letter_steps_of",
    "make_letter",
    "move_row",
    "note_reading",
    "number_letter",
    "preview_html",
    "preview_letter",
    "preview_of_preset",
    "propose_end",
    "propose_preset",
    "propose_rule",
    "remove_row",
    "render",
    "render_letter",
    "row_findings",
    "save_letter",
    "save_rows",
    "shown_events",
    "split_by_route",
    "start_dossier",
    "still_waits",
    "take_letter_step",
    "take_step",
    "tick_devices",
    "title_of",
    "uncover",
    "violations_before_sending",
    "violations_before_signing",
    "violations_of_step",
    "waiting_to_forward",
    "withdraw_proposal",
]
