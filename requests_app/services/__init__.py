"""Everything that can be done to a dossier; pages, the API and the worker call nothing else."""

from requests_app.services.attachments import attach, detach
from requests_app.services.checks import (
    Check,
    RowFindings,
    checks,
    expected_signing_mode,
    row_findings,
    violations_before_sending,
    violations_before_signing,
)
from requests_app.services.decisions import accept_all, decide_rows
from requests_app.services.drafts import (
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
from requests_app.services.effects import headline_of, title_of
from requests_app.services.errors import Barred, NotEditable, StaleVersion
from requests_app.services.handovers import handover_rows, start_dossier
from requests_app.services.letters import preview_html, render
from requests_app.services.reading import note_reading
from requests_app.services.routing_rules import RuleFacts, add_rule, end_rule
from requests_app.services.splitting import split_by_route
from requests_app.services.steps import allowed_steps, bars_of, take_step

__all__ = [
    "MOST_ROWS",
    "Barred",
    "Check",
    "NotEditable",
    "RowFindings",
    "RuleFacts",
    "StaleVersion",
    "accept_all",
    "add_row",
    "add_rule",
    "allowed_steps",
    "attach",
    "bars_of",
    "checks",
    "create_draft",
    "decide_rows",
    "detach",
    "duplicate_row",
    "end_rule",
    "expected_signing_mode",
    "handover_rows",
    "headline_of",
    "import_rows",
    "move_row",
    "note_reading",
    "preview_html",
    "remove_row",
    "render",
    "row_findings",
    "save_letter",
    "save_rows",
    "split_by_route",
    "start_dossier",
    "take_step",
    "title_of",
    "violations_before_sending",
    "violations_before_signing",
]
