"""Every route, asked by every role and by nobody, about one's own things and another's.

A route without a row fails, and so does a method that is answered without one. Meanwhile the law
gives another number of days: a page that says the one of before fails (test_law.py). The status is
told to all; pages are rendered for one of each home, by make test-long for every role.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import cache
from typing import Any, TypeGuard

import pytest
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.test import Client, override_settings
from django.urls import get_resolver, reverse

from portal.core.roles import AGENCY_ROLES, CA_ROLES, OFFICE_ROLES, Role
from tests.amounts import IS_LONG
from tests.architecture import world as worlds
from tests.architecture.test_law import OF_BEFORE, seven_days
from tests.architecture.world import Side, World, kwargs_of

C, H, IT, OO, OH, ST, CO, CS, AU, AD = Role
ALL = frozenset(Role)
AGENCY, OFFICE, CA = AGENCY_ROLES, OFFICE_ROLES, CA_ROLES
PLANNERS = OFFICE - {ST}  # who sees a reorganisation before it is approved
ON_THE_WAY = AGENCY | OFFICE | CA | {AU}  # who sees what a body has sent
HOME = AGENCY | {AU}  # who sees what it has not sent yet
Codes = Mapping[int, frozenset[Role]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """What who gets: by status for one's own things and another's, ``rest`` for everybody else.

    Without ``other`` a route names nothing that belongs to anybody. ``data`` is what is sent.
    """

    own: Codes
    other: Codes | None = None
    rest: int = 404
    nobody: int = 302
    data: Mapping[str, Any] = field(default_factory=dict)

    def expected(self, role: Role | None, codes: Codes) -> int:
        if role is None:
            return self.nobody
        return next((code for code, roles in codes.items() if role in roles), self.rest)


def _only(*roles: Role, code: int = 200, rest: int = 403, **data: Any) -> Access:
    """What these roles alone may do, whatever it is about."""
    return Access(own={code: frozenset(roles)}, rest=rest, data=data)


def _about(own: Codes, other: Codes, *, rest: int = 404, **data: Any) -> Access:
    """What differs between one's own things and another's."""
    return Access(own=own, other=other, rest=rest, data=data)


def _api(own: Codes, other: Codes | None = None, **data: Any) -> Access:
    return Access(own=own, other=other, nobody=401, data=data)


def _open(code: int = 200, **data: Any) -> Access:
    """What everybody gets, signed in or not."""
    return Access(own={code: ALL}, nobody=code, data=data)


def _but(roles: frozenset[Role], *without: Role) -> frozenset[Role]:
    return roles - frozenset(without)


EVERYBODY = _only(*ALL)
ADMINISTRATOR = _only(AD)
SEEN = _about({200: ON_THE_WAY}, {200: CA})
COVERING = _about({200: OFFICE | CA}, {200: CA})  # the office is in no auditor's tree here
_READ = _but(ALL, AD)
READERS = _only(*_READ, rest=404)
REPORT = _about({200: OFFICE | CA}, {200: CA})  # issued
# A page of a step that is somebody else's turn leads back to the dossier.
LED_BACK = _about({302: ON_THE_WAY}, {302: CA})
CONFLICT = _about({409: ON_THE_WAY}, {409: CA})
DRAFTED = _about({200: frozenset({C}), 302: HOME}, {})
MERGER = _about({200: PLANNERS}, {})  # a draft
REPLY = _about({200: PLANNERS | AGENCY}, {})
DESCRIBED = _about({200: frozenset({OO}), 302: PLANNERS}, {})
OWN_NOTICE = _about({302: frozenset({C})}, {})
GRANT = _about({302: frozenset({AD})}, {302: frozenset({AD})}, rest=403)
ACCOUNT = {403: frozenset({C, H}), 302: frozenset({AD})}
DAY = _only(AD)
VERSION = _about({200: frozenset({AD}), 403: ALL}, {200: frozenset({AD}), 403: CA})
STOCK = _only(*CA, rest=404)
API_SEEN = _api({200: ON_THE_WAY}, {200: CA})
API_LIST = _api({200: ALL})
_ANSWER: dict[str, Any] = {"action": "answer", "version": 1, "text": "Đã rõ"}
OWN_ARTICLE = Access(own={302: frozenset({OO, ST}), 404: frozenset({CO})}, rest=403)
# Of the office, whose article it is; the CA reads all, who is of no office none.
ARTICLE = _about({200: ALL - {AU, AD}}, {200: CA})
LED_TO_IT = Access(own={302: frozenset({OO})}, other={404: frozenset({OO})}, rest=403)
BROUGHT_IN = Access(own={200: frozenset({OO})}, other={404: frozenset({OO})}, rest=403)
USE = _only(*ON_THE_WAY)
SUPERVISES, REPORTS = frozenset({OO, CO}), frozenset({C, OO})
OF_READERS = _about({200: ON_THE_WAY, 403: frozenset({AD})}, {200: CA, 403: frozenset({AD})})
OF_OTHERS = {200: frozenset({CO}), 404: frozenset({OO})}
LED_ON = {302: frozenset({CO}), 404: frozenset({OO})}
_LIST_SENT: dict[str, Any] = {"number": "15/SKHCN", "sent_on": "20/11/2026"}
RECORD = _about({200: PLANNERS | AGENCY}, {})
_RETURN: dict[str, Any] = {"action": "return", "version": 1, "reason": "Thiếu"}

ACCESS: dict[str, Access] = {
    "GET home": EVERYBODY,
    "GET healthz": _open(),
    "GET security_txt": _open(404),  # off unless a contact is set
    "GET readyz": _open(503),  # no beat has run
    "GET metrics": _open(404),  # off unless a token or an address is set
    "GET background": ADMINISTRATOR,
    "GET help:index": _open(),
    "GET help:guide": _open(),
    # Reports and demand
    "GET reports:list": READERS,
    "POST reports:list": READERS,  # the form again: nothing was typed
    "GET reports:charts": READERS,
    "GET reports:chart": READERS,
    "GET reports:rows": _only(*_READ, rest=404, since="01/01/2026", until="01/02/2026"),
    "GET reports:report": REPORT,
    "GET reports:pdf": REPORT,
    "GET reports:export": REPORT,
    "POST reports:words": REPORT,  # the form again: nothing was typed
    "POST reports:number": REPORT,
    "POST reports:scan": REPORT,
    "POST reports:step": _about({409: OFFICE | CA}, {409: CA}),
    "POST reports:recount": _about({409: frozenset({OO})}, {}),  # it is no draft
    "POST reports:compare": _about({302: OFFICE}, {}),
    # What existed before
    "GET estate:list": _only(OO),
    "POST estate:list": _only(OO),
    "GET estate:accounts": ADMINISTRATOR,
    "POST estate:accounts": _only(AD, code=302),  # none waits
    "GET estate:questions": _only(C),
    "POST estate:questions": _only(C),  # the form again: nothing was typed
    "GET estate:delivery": BROUGHT_IN,
    "GET estate:columns": BROUGHT_IN,
    "POST estate:columns": BROUGHT_IN,  # back with what is wrong: it is not on trial any more
    "POST estate:decide": LED_TO_IT,  # nothing was decided
    "POST estate:start": BROUGHT_IN,
    "POST estate:mend": BROUGHT_IN,  # back with what is wrong: it is no comparison
    "POST estate:undo": LED_TO_IT,
    "POST estate:drop": BROUGHT_IN,
    "GET demand:list": READERS,
    "GET demand:open": _only(OO, CO, rest=404),
    "POST demand:open": _only(OO, CO, rest=404),
    "GET demand:round": SEEN,
    "POST demand:start": _about(
        {302: frozenset({C, OO, CO}), 403: ON_THE_WAY}, {302: frozenset({CO}), 403: CA}
    ),
    "POST demand:close": _about({302: frozenset({OO}), 403: ON_THE_WAY}, {403: CA}),
    "POST demand:move_due": SEEN,  # the form again: nothing was typed
    "GET demand:export": _about({200: OFFICE}, {}),
    "GET demand:proposal": SEEN,
    "GET demand:pdf": SEEN,
    "POST demand:write": SEEN,  # the form again: nothing was typed
    "POST demand:correct": SEEN,
    "POST demand:number": SEEN,
    "POST demand:scan": SEEN,
    "POST demand:step": CONFLICT,
    "POST demand:take_proposed": _about({409: frozenset({C})}, {}),
    # Inspections: of the office, about the body; the CA and the auditor read what was sent
    "GET inspection:list": READERS,
    "GET inspection:open": _only(OO),
    "POST inspection:open": _only(OO),  # the form again: nothing was typed
    "GET inspection:checklist": _only(OO),
    "POST inspection:checklist": _only(OO),
    "POST inspection:take_standard": _only(OO, code=302),
    "GET inspection:item": _about({200: frozenset({OO})}, {404: frozenset({OO})}, rest=403),
    "POST inspection:item": _about({200: frozenset({OO})}, {404: frozenset({OO})}, rest=403),
    "POST inspection:retire": _about({302: frozenset({OO})}, {404: frozenset({OO})}, rest=403),
    "GET inspection:compare": READERS,
    "GET inspection:chart": READERS,
    "GET inspection:visits": READERS,
    "GET inspection:findings": READERS,
    "GET inspection:finding": SEEN,
    "POST inspection:finding_step": SEEN,  # the page again: nothing was typed
    "GET inspection:proposals": _only(*OFFICE, rest=404),
    "POST inspection:proposals": Access(own={200: frozenset({OO}), 403: frozenset({OH, ST})}),
    "POST inspection:decide": _about({200: OFFICE}, {}),  # the page again: nothing was typed
    "GET inspection:evidence": SEEN,
    "GET inspection:assessment": SEEN,
    "POST inspection:write": SEEN,  # the form again: nothing was typed
    "POST inspection:review": SEEN,
    "POST inspection:assessment_step": SEEN,
    "GET inspection:plan_visit": _about({200: frozenset({OO}), 403: ON_THE_WAY}, {403: CA}),
    "POST inspection:plan_visit": _about({200: frozenset({OO}), 403: ON_THE_WAY}, {403: CA}),
    "GET inspection:make_finding": _about({200: frozenset({OO}), 403: ON_THE_WAY}, {403: CA}),
    "POST inspection:make_finding": _about({200: frozenset({OO}), 403: ON_THE_WAY}, {403: CA}),
    "GET inspection:visit": SEEN,
    "POST inspection:write_visit": SEEN,  # the form again: nothing was typed
    "POST inspection:number": SEEN,
    "POST inspection:scan": SEEN,
    "POST inspection:visit_step": CONFLICT,
    "GET inspection:pdf": SEEN,
    "GET inspection:round": SEEN,
    "POST inspection:add_body": _about({302: frozenset({OO}), 403: ON_THE_WAY}, {403: CA}),
    "POST inspection:close": _about({302: frozenset({OO}), 403: ON_THE_WAY}, {403: CA}),
    # Dossiers
    "GET requests_app:list": EVERYBODY,
    "GET requests_app:queue": EVERYBODY,
    "GET requests_app:copies": EVERYBODY,
    "GET requests_app:inquiries": EVERYBODY,
    "POST requests_app:inquiries": _only(code=404, rest=404),
    "GET requests_app:number_many": _only(C, rest=404),
    "POST requests_app:number_many": _only(C, code=302, rest=404),  # nothing was typed
    "GET requests_app:sign_many": _only(C, H, rest=404),
    "POST requests_app:sign_many": _only(C, H, rest=404),  # the form again: nothing was chosen
    "GET requests_app:dashboard": _only(OO, OH, *CA, rest=404),
    "GET requests_app:routing": _only(AD),
    "GET requests_app:add_rule": _only(AD),
    "POST requests_app:add_rule": _only(AD),
    "GET requests_app:end_rule": _only(AD),
    "POST requests_app:end_rule": _only(AD),
    "GET requests_app:preset_rules": _only(AD),
    "POST requests_app:preset_rules": _only(AD),
    "POST requests_app:confirm_rules": _only(AD, code=302),
    "POST requests_app:decline_rules": _only(AD, code=302),
    "POST requests_app:withdraw_rules": _only(AD, code=302),
    "GET requests_app:detail": SEEN,
    "POST requests_app:take_step": _about(
        {302: frozenset({CO}), 409: _but(ON_THE_WAY, CO)},
        {302: frozenset({CO}), 409: frozenset({CS})},
        **_RETURN,
    ),
    "GET requests_app:done": _about({200: frozenset({OO}), 302: ON_THE_WAY}, {302: CA}),
    "GET requests_app:progress": LED_BACK,
    "GET requests_app:row": SEEN,
    "GET requests_app:check": DRAFTED,
    "POST requests_app:check": DRAFTED,
    "POST requests_app:answer": CONFLICT,
    "POST requests_app:split": CONFLICT,
    "GET requests_app:sign": LED_BACK,
    "POST requests_app:sign": LED_BACK,
    "GET requests_app:review": _about(
        {200: frozenset({CO}), 302: ON_THE_WAY}, {200: frozenset({CO}), 302: CA}
    ),
    "POST requests_app:review": _about(
        {200: frozenset({CO}), 302: ON_THE_WAY}, {200: frozenset({CO}), 302: CA}
    ),
    "POST requests_app:decide_rows": CONFLICT,
    "POST requests_app:accept_all": _about(
        {302: frozenset({CO}), 409: ON_THE_WAY}, {302: frozenset({CO}), 409: CA}, version=1
    ),
    "GET requests_app:minutes": LED_BACK,
    "POST requests_app:minutes": LED_BACK,
    "POST requests_app:tick_devices": CONFLICT,
    "POST requests_app:confirm_devices": CONFLICT,
    "GET requests_app:confirm": LED_BACK,
    "POST requests_app:confirm": LED_BACK,
    "GET requests_app:letter": SEEN,
    "GET requests_app:preview": SEEN,
    "GET requests_app:letter_preview": LED_BACK,  # a short one is printed at once
    "POST requests_app:letter_preview": LED_BACK,
    "GET requests_app:preview_file": _about({200: frozenset({C})}, {}),  # who asked for it
    "POST requests_app:attach": _about({200: HOME}, {}),  # the form again: no file was sent
    "GET requests_app:attachment": SEEN,
    "POST requests_app:detach": CONFLICT,
    "GET requests_app:event_document": SEEN,
    "GET requests_app:paper": SEEN,
    "GET requests_app:start": _only(C, rest=404),
    "POST requests_app:start": _only(C, rest=404),
    "GET requests_app:start_happened": _only(C, code=302, rest=404),
    "GET requests_app:start_way": _only(C, code=302, rest=404),
    "POST requests_app:start_way": _only(C, code=302, rest=404),
    "POST requests_app:start_from_certificate": _about({302: frozenset({C})}, {}, do="revoke"),
    "POST requests_app:file_again": _about({404: ALL}, {404: ALL}),  # no row was refused
    "POST requests_app:start_from_device": _about({302: frozenset({C})}, {}, do="lose"),
    "GET requests_app:editor": DRAFTED,
    "POST requests_app:editor": _about({302: frozenset({C}), 409: HOME}, {}),
    "GET requests_app:letter_data": DRAFTED,
    "POST requests_app:letter_data": _about({200: frozenset({C}), 409: HOME}, {}),
    "GET requests_app:import": DRAFTED,
    "POST requests_app:import": DRAFTED,
    "GET requests_app:import_report": _about({302: HOME}, {}),
    "POST requests_app:import_report": _about({302: HOME}, {}),
    "GET requests_app:import_rejects": _about({}, {}),
    "GET requests_app:export_rows": _about({200: AGENCY}, {}),
    "GET requests_app:sheet_template": EVERYBODY,
    # Reorganisations: a draft is its office's own business
    "GET orgmerge:list": _only(*ON_THE_WAY, rest=404),
    "GET orgmerge:suggest": MERGER,
    "GET orgmerge:start": _only(OO, rest=404),
    "POST orgmerge:start": _only(OO, rest=404),
    "GET orgmerge:detail": MERGER,
    "POST orgmerge:take_step": MERGER,  # the form again: no step was named
    "GET orgmerge:ask_office": DESCRIBED,
    "POST orgmerge:ask_office": DESCRIBED,
    "GET orgmerge:invitation": MERGER,
    # The page again: no reason was typed. Its officer answers.
    "POST orgmerge:answer_invitation": _about({200: frozenset({OO})}, {}),
    "GET orgmerge:part": _about({302: PLANNERS}, {}),  # it has not joined
    "POST orgmerge:part": _about({302: PLANNERS}, {}),
    "POST orgmerge:plan_word": _about({404: ALL}, {404: ALL}),  # it has not joined
    "GET orgmerge:edit": DESCRIBED,
    "POST orgmerge:edit": DESCRIBED,
    "GET orgmerge:add_body": DESCRIBED,
    "POST orgmerge:add_body": DESCRIBED,
    "GET orgmerge:body": MERGER,
    "GET orgmerge:edit_body": DESCRIBED,
    "POST orgmerge:edit_body": DESCRIBED,
    "POST orgmerge:remove_body": _about({409: frozenset({OO})}, {}),  # no version was told
    "GET orgmerge:add_row": DESCRIBED,
    "POST orgmerge:add_row": DESCRIBED,
    "GET orgmerge:add_ended": DESCRIBED,
    "POST orgmerge:add_ended": DESCRIBED,
    "GET orgmerge:edit_row": DESCRIBED,
    "POST orgmerge:edit_row": DESCRIBED,
    "GET orgmerge:sheet_template": _only(*OFFICE, rest=404),
    "GET orgmerge:repeal": _about({302: PLANNERS}, {}),  # it is not in force
    "POST orgmerge:repeal": _about({302: PLANNERS}, {}),
    "GET orgmerge:upload": DESCRIBED,
    "POST orgmerge:upload": DESCRIBED,
    "GET orgmerge:body_list": DESCRIBED,
    "POST orgmerge:body_list": _about({409: frozenset({OO}), 302: PLANNERS}, {}, do="review"),
    "GET orgmerge:records": MERGER,
    "GET orgmerge:list_letter": _about({}, {}),  # not approved: there is none
    "POST orgmerge:send_list": _about({200: frozenset({OO}), 403: PLANNERS}, {}, **_LIST_SENT),
    "POST orgmerge:try_again": _about({302: frozenset({OO}), 403: PLANNERS}, {}, version=1),
    "POST orgmerge:send_to": MERGER,  # the page again: nothing was named
    "GET orgmerge:record": RECORD,
    "GET orgmerge:record_file": _about({}, {}),  # not printed yet
    "POST orgmerge:keep_signed": _about({200: PLANNERS | AGENCY}, {}),  # no file was sent
    # Not approved: nothing is carried out (tests/orgmerge/test_progress_pages.py has who sees what)
    "GET orgmerge:progress": _about({}, {}),
    "GET orgmerge:progress_body": _about({}, {}),
    "GET orgmerge:devices": _about({}, {}),
    "POST orgmerge:line_again": _about({}, {}),
    "POST orgmerge:line_aside": _about({}, {}),
    "POST orgmerge:lines_again": _about({}, {}),
    "GET orgmerge:list_row": DESCRIBED,
    "POST orgmerge:list_row": DESCRIBED,
    # What bodies are asked: of a draft they see their own list alone
    "GET orgmerge:review": _about({200: PLANNERS, 302: AGENCY}, {}),
    "POST orgmerge:open_review": _about({200: PLANNERS}, {}),  # the form again: no day was typed
    "POST orgmerge:hold_review": _about({302: frozenset({OO})}, {}),
    "GET orgmerge:review_lines": MERGER,
    "GET orgmerge:reply": REPLY,
    "POST orgmerge:reply": _about({409: PLANNERS | AGENCY}, {}),  # no version was told
    "POST orgmerge:send_reply": _about({409: PLANNERS | AGENCY}, {}),
    "GET orgmerge:reply_sheet": REPLY,
    "GET orgmerge:reply_import": _about({200: frozenset({C, OO}), 302: PLANNERS | AGENCY}, {}),
    "POST orgmerge:reply_import": _about({200: frozenset({C, OO}), 302: PLANNERS | AGENCY}, {}),
    "GET orgmerge:reply_report": _about({302: PLANNERS | AGENCY}, {}),  # no sheet is parked
    "POST orgmerge:reply_report": _about({302: PLANNERS | AGENCY}, {}),
    # The plan: the office's own business until it is approved
    "GET orgmerge:plan": MERGER,
    "GET orgmerge:plan_state": _about({302: PLANNERS}, {}),  # asked for without htmx
    "POST orgmerge:ask_plan": _about({302: frozenset({OO})}, {}),
    "GET orgmerge:plan_choices": MERGER,
    "POST orgmerge:plan_choices": MERGER,  # the page again: nothing was chosen
    "GET orgmerge:settle": _about({302: PLANNERS}, {}),  # no line was marked
    "POST orgmerge:settle": _about({302: PLANNERS}, {}),
    "GET orgmerge:plan_annex": MERGER,
    "POST orgmerge:plan_annex": _about({302: PLANNERS}, {}),  # asked for
    "GET orgmerge:plan_annex_file": MERGER,
    "GET orgmerge:plan_line": MERGER,
    "GET orgmerge:plan_cautions": MERGER,
    "POST orgmerge:heed": _about({302: PLANNERS}, {}),
    "GET orgmerge:plan_changes": _about({302: PLANNERS}, {}),  # there is no plan before
    # Registers
    "GET registers:index": _only(*ON_THE_WAY, rest=404),
    "GET registers:register": _only(*ON_THE_WAY, rest=404),
    # Covering letters: the office's own, to the CA what has left it, never a body's
    "GET requests_app:forwarding": _only(*OFFICE, rest=404),
    # An officer gets the list again: nothing was ticked.
    "POST requests_app:forwarding": Access(own={200: frozenset({OO}), 403: frozenset({OH, ST})}),
    # Another CA: what waits for it of the dossiers at one's own desk; nothing is asked of it here
    "GET requests_app:outside_ca": _only(OO, OH, CO, CS),
    "POST requests_app:outside_ca": _only(OO, OH, CO, CS),  # the form again: no file was sent
    "GET requests_app:letter_mails": SEEN,
    "POST requests_app:letter_mails": SEEN,  # the page again: none was chosen
    "GET requests_app:confirm_mail": _open(404),  # nobody's token
    "POST requests_app:confirm_mail": _open(404),
    "GET requests_app:ca_answers": _about({200: CA}, {200: CA}),
    "POST requests_app:ca_answers": _about(
        {302: frozenset({CO}), 403: frozenset({CS})}, {302: frozenset({CO}), 403: frozenset({CS})}
    ),
    "POST requests_app:confirm_ca_answers": _about(
        {200: frozenset({CS}), 403: frozenset({CO})}, {200: frozenset({CS}), 403: frozenset({CO})}
    ),
    "GET requests_app:ca_package": _about(
        {302: frozenset({CO}), 403: frozenset({CS})}, {302: frozenset({CO}), 403: frozenset({CS})}
    ),
    "GET requests_app:archive": _only(*_READ),
    # Nobody's was named; the dossier has none yet.
    "POST requests_app:export_archive": _only(*_READ, code=404),
    "GET requests_app:archive_package": SEEN,
    "GET requests_app:official_papers": _only(*_READ),
    "GET requests_app:sign_papers": _only(H, OH, CS),
    "POST requests_app:sign_papers": _only(H, OH, CS),  # the form again: nothing was typed
    "GET requests_app:official_paper": SEEN,
    "GET requests_app:paper_pdf": SEEN,
    "POST requests_app:number_paper": SEEN,  # the form again: nothing was typed
    "POST requests_app:paper_scan": SEEN,  # the form again: no file was sent
    "POST requests_app:paper_step": CONFLICT,
    "GET requests_app:covering_letters": _only(*OFFICE, *CA, AU, rest=404),
    "GET requests_app:covering_letter": COVERING,
    "GET requests_app:covering_pdf": COVERING,
    "GET requests_app:covering_preview": COVERING,
    "GET requests_app:covering_progress": _about({302: OFFICE | CA}, {302: CA}),
    "POST requests_app:number_covering": COVERING,  # the form again: nothing was typed
    "POST requests_app:covering_scan": COVERING,  # the form again: no file was sent
    "POST requests_app:uncover": _about({404: ALL}, {404: ALL}),  # no dossier was named
    "POST requests_app:covering_step": _about({409: OFFICE | CA}, {409: CA}),
    # Accounts
    "GET documents:check": Access(own={200: ALL}, nobody=200),
    "POST documents:check": Access(own={200: ALL}, nobody=200),
    "GET accounts:login": Access(own={302: ALL}, nobody=200),
    "POST accounts:login": Access(own={302: ALL}, nobody=200),
    "GET accounts:session": _open(),
    "POST accounts:session": _open(),
    "GET accounts:kept": _only(*ALL, code=302),  # nothing was kept
    "POST accounts:kept": _only(*ALL, code=302),
    "POST accounts:logout": _only(*ALL, code=302),
    "GET accounts:password_change": EVERYBODY,
    "POST accounts:password_change": EVERYBODY,
    "GET accounts:users": EVERYBODY,
    "GET accounts:detail": _about({200: frozenset({C, H, AD})}, {200: frozenset({AD})}),
    "GET accounts:create": ADMINISTRATOR,
    "POST accounts:create": ADMINISTRATOR,
    "GET accounts:grants": ADMINISTRATOR,
    "POST accounts:confirm_role": GRANT,
    "POST accounts:decline_role": GRANT,
    "POST accounts:withdraw_role": _about({302: frozenset({AD})}, {403: frozenset({AD})}, rest=403),
    "POST accounts:propose_role": _about(
        {403: frozenset({C, H}), 200: frozenset({AD})}, {200: frozenset({AD})}
    ),
    "POST accounts:deactivate": _about(ACCOUNT, {302: frozenset({AD})}),
    "POST accounts:propose_reset": _about(ACCOUNT, {302: frozenset({AD})}),
    "POST accounts:propose_address": _about(
        {403: frozenset({C, H}), 200: frozenset({AD})}, {200: frozenset({AD})}
    ),
    "POST accounts:confirm_change": GRANT,
    "POST accounts:decline_change": GRANT,
    "POST accounts:withdraw_change": _about(
        {302: frozenset({AD})}, {403: frozenset({AD})}, rest=403
    ),
    "GET accounts:open_link": _open(302),
    "GET accounts:choose_password": _open(),
    "POST accounts:choose_password": _open(),  # no link was opened: the page says so
    "GET accounts:enter_code": _open(),
    "POST accounts:enter_code": _open(),
    "GET accounts:calendar_feed": EVERYBODY,
    "POST accounts:calendar_feed": EVERYBODY,
    "GET calendar_feed": _open(404),  # nobody's token
    # Bodies and subscribers
    "GET agencies:list": EVERYBODY,
    "GET agencies:suggest": EVERYBODY,
    "GET agencies:register": ADMINISTRATOR,
    "POST agencies:register": ADMINISTRATOR,
    "GET agencies:detail": _about({200: ALL}, {200: CA | {AD}}),
    "GET agencies:change": _about(
        {200: frozenset({AD}), 403: ALL}, {200: frozenset({AD}), 403: CA}
    ),
    "POST agencies:change": _about(
        {200: frozenset({AD}), 403: ALL}, {200: frozenset({AD}), 403: CA}
    ),
    "GET agencies:signers": _about({200: ALL}, {200: CA | {AD}}),
    "POST agencies:signers": _about(
        {200: frozenset({AD}), 403: ALL}, {200: frozenset({AD}), 403: CA}
    ),
    "POST agencies:end_signer": _about(
        {302: frozenset({AD}), 403: ALL}, {302: frozenset({AD}), 403: CA}
    ),
    "GET agencies:names": ADMINISTRATOR,
    "POST agencies:names": ADMINISTRATOR,
    "GET agencies:subscribers": EVERYBODY,
    "GET agencies:subscriber": SEEN,
    "POST agencies:reveal": _about({200: CA | {C}, 403: ON_THE_WAY}, {200: CA}),
    # Certificates
    "GET authorities": _only(*CA, AD),
    "GET ca:list": EVERYBODY,
    "GET ca:detail": SEEN,
    "POST ca:confirm_installed": _about({302: frozenset({C}), 403: ON_THE_WAY}, {403: CA}),
    "GET ca:cer": SEEN,
    "GET ca:pem": SEEN,
    "GET ca:chain": SEEN,
    "GET pki:root": _open(),
    "GET pki:issuing": _open(),
    "GET pki:crl": _open(),
    "POST pki:ocsp": _open(),
    "POST pki:timestamp": _open(),
    "GET pki:ocsp_get": _open(),
    "GET pki:ca_certificate": _open(),
    "GET pki:ca_cross_certificate": _open(404),  # there is one root
    "GET pki:ca_crl": _open(),
    "POST pki:ca_ocsp": _open(),
    "GET pki:ca_ocsp_get": _open(),
    # Devices
    "GET devices:list": EVERYBODY,
    "GET devices:detail": SEEN,
    "GET devices:stock": STOCK,
    "POST devices:stock": Access(own={200: frozenset({CO}), 403: frozenset({CS})}),
    "GET devices:dispatch": STOCK,
    "GET devices:send": _about({200: CA}, {200: CA}),
    "POST devices:send": _about({200: CA}, {200: CA}),
    "GET devices:incoming": EVERYBODY,
    "GET devices:shipment": SEEN,
    "POST devices:receive": SEEN,  # the form again: nothing was ticked
    "POST devices:make_move": SEEN,  # the form again: no move was named
    "GET devices:hand_over": _about({200: frozenset({C}), 403: ON_THE_WAY}, {403: CA}),
    "POST devices:hand_over": _about({200: frozenset({C}), 403: ON_THE_WAY}, {403: CA}),
    "GET devices:sums": EVERYBODY,
    "GET devices:hand_over_many": _only(*AGENCY, rest=404),
    "POST devices:hand_over_many": Access(own={200: frozenset({C}), 403: frozenset({H, IT})}),
    "GET devices:take_back_many": _only(*AGENCY, rest=404),
    "POST devices:take_back_many": Access(own={200: frozenset({C}), 403: frozenset({H, IT})}),
    "GET devices:office_returns": STOCK,
    "GET devices:office_return": _about({200: CA}, {200: CA}),
    "POST devices:office_return": _about(
        {200: frozenset({CO}), 403: frozenset({CS})}, {200: frozenset({CO}), 403: frozenset({CS})}
    ),
    "GET devices:stocktakings": _only(*(ALL - {AD}), rest=404),
    "POST devices:stocktakings": Access(own={404: frozenset({AD})}, rest=403),  # none was named
    "GET devices:stocktaking": SEEN,
    "POST devices:stocktaking": _about({200: frozenset({C}), 403: ON_THE_WAY}, {403: CA}),
    "POST devices:stocktaking_step": _about({302: ON_THE_WAY}, {302: CA}),  # none was named
    "GET devices:stocktaking_minutes": SEEN,
    # The device waits to be handed over: nothing else can be done between the two.
    "GET devices:take_back": _about({302: frozenset({C}), 403: ON_THE_WAY}, {403: CA}),
    "POST devices:take_back": _about({302: frozenset({C}), 403: ON_THE_WAY}, {403: CA}),
    "GET devices:give_again": _about({302: frozenset({C}), 403: ON_THE_WAY}, {403: CA}),
    "POST devices:give_again": _about({302: frozenset({C}), 403: ON_THE_WAY}, {403: CA}),
    "GET devices:change_holder": _about({302: frozenset({C}), 403: ON_THE_WAY}, {403: CA}),
    "POST devices:change_holder": _about({302: frozenset({C}), 403: ON_THE_WAY}, {403: CA}),
    # The device waits for no PIN: who may set one is led back to its page.
    "GET devices:new_pin": _about({302: frozenset({C}), 403: ON_THE_WAY}, {403: CA}),
    "POST devices:new_pin": _about({302: frozenset({C}), 403: ON_THE_WAY}, {403: CA}),
    "GET devices:change_pin": _about({302: frozenset({C}), 403: ON_THE_WAY}, {403: CA}),
    "POST devices:change_pin": _about({302: frozenset({C}), 403: ON_THE_WAY}, {403: CA}),
    # Notices
    "GET notices:list": EVERYBODY,
    "GET notices:bell": Access(own={200: ALL}, nobody=286),  # says that the session is over
    "GET notices:newest": EVERYBODY,
    "GET notices:preferences": EVERYBODY,
    "POST notices:preferences": EVERYBODY,
    "POST notices:read_all": _only(*ALL, code=302),
    "POST notices:open": OWN_NOTICE,
    "POST notices:mark_read": OWN_NOTICE,
    "GET notices:dead_mails": ADMINISTRATOR,
    "POST notices:send_again": GRANT,
    "GET notices:outbox": _only(AD, code=404),  # mail is not written into files here
    # Support: one's own and the body's, the office's, what reached the CA
    "GET support:index": EVERYBODY,
    "GET support:ask": EVERYBODY,
    "POST support:ask": EVERYBODY,  # the form again: nothing was typed
    "POST support:suggest": EVERYBODY,
    "GET support:desk": _only(OO, ST, CO),
    "GET support:repeats": _only(OO, ST, CO),
    "GET support:question": SEEN,
    "POST support:take_step": _about(
        {302: frozenset({CO}), 200: ON_THE_WAY}, {302: frozenset({CO}), 200: CA}, **_ANSWER
    ),
    "POST support:recover": _about({404: ALL}, {404: ALL}),  # it names no device
    "GET support:file": SEEN,
    "GET support:articles": EVERYBODY,
    "GET support:write_new": _only(OO, ST, CO),
    "POST support:write_new": _only(OO, ST, CO),
    "GET support:article": _only(*(ALL - {AU, AD}), rest=404),  # by its name: the own office's
    "GET support:picture": ARTICLE,
    "GET support:write": _only(OO, ST, CO),
    "POST support:write": _only(OO, ST, CO),
    "POST support:add_picture": _only(OO, ST, CO, code=302),
    "POST support:unpublish": OWN_ARTICLE,
    "GET support:version": _only(*(ALL - {AU, AD}), rest=404),
    "POST support:publish": OWN_ARTICLE,
    # Proceedings bodies: the CA's desk alone; the notice is the body's and its office's too
    "GET proceedings:list": _only(*CA, rest=404),
    "GET proceedings:record": _only(CO, rest=404),
    "POST proceedings:record": _only(CO, rest=404),  # the form again: nothing was typed
    "GET proceedings:request": _only(*CA, rest=404),
    "GET proceedings:letter": _only(*CA, rest=404),
    "GET proceedings:answer": _only(*CA, rest=404),
    "GET proceedings:notice": _about({200: AGENCY | OFFICE | CA}, {200: CA}),
    "POST proceedings:decide": _only(CS, rest=404),  # no reason: the page again
    "POST proceedings:withdraw": _only(CO, rest=404),
    "GET requests_app:mandates": _only(*AGENCY, *OFFICE, rest=404),
    "POST requests_app:mandates": _only(*AGENCY, *OFFICE, rest=404),  # the page again
    "POST requests_app:withdraw_mandate": _about({302: frozenset({H}), 403: AGENCY | OFFICE}, {}),
    # Search
    "GET search:results": EVERYBODY,
    "POST search:results": _only(*ALL, code=302),
    "POST search:offers": EVERYBODY,
    # Deadlines
    "GET deadlines:list": EVERYBODY,
    "GET deadlines:month": EVERYBODY,
    "GET deadlines:calendar": EVERYBODY,
    "GET deadlines:add_day": DAY,
    "POST deadlines:add_day": DAY,
    "GET deadlines:edit_day": DAY,
    "POST deadlines:edit_day": DAY,
    "GET deadlines:remove_day": DAY,
    "POST deadlines:remove_day": _only(AD, code=302),
    # Audit
    "GET audit:list": _only(AU, AD),
    # API
    "GET api:schema": _open(),
    "POST api:token": _open(400),
    "DELETE api:token": _open(401),  # no token was sent along
    "GET api:kinds": API_LIST,
    "GET api:kind": API_LIST,
    "GET api:dossiers": API_LIST,
    "POST api:dossiers": _api({201: frozenset({C}), 409: ALL}, kind="mau_01_person"),
    "GET api:dossier": API_SEEN,
    "PATCH api:dossier": _api({409: ON_THE_WAY}, {409: CA}, version=1),
    "GET api:questions": API_SEEN,
    "POST api:questions": _api({400: ON_THE_WAY}, {400: CA}),
    "GET api:rows": API_SEEN,
    "POST api:rows": _api({409: ON_THE_WAY}, {409: CA}, version=1, rows=[{}]),
    "PATCH api:row": _api({409: ON_THE_WAY}, {409: CA}, version=1, answers={}),
    "DELETE api:row": _api({400: ON_THE_WAY}, {400: CA}),  # no version was told
    "POST api:steps": _api(
        {200: frozenset({CO}), 409: ON_THE_WAY}, {200: frozenset({CO}), 409: CA}, **_RETURN
    ),
    "POST api:decisions": _api({400: ON_THE_WAY}, {400: CA}),
    "GET api:certificates": API_LIST,
    "GET api:certificate": API_SEEN,
    "GET api:certificate_pem": API_SEEN,
    "GET api:devices": API_LIST,
    "GET api:device": API_SEEN,
    "POST api:usage_events": Access(own={401: ALL}, nobody=401),  # people have no such token
    # Quality of what is there
    "GET quality:overview": _only(*(ALL - {AD}), rest=404),
    "GET quality:list": _only(*(ALL - {AD}), rest=404),
    # Supervision of use
    "GET usage:overview": USE,
    "GET usage:certificates": USE,
    "GET usage:certificate": OF_READERS,
    "GET usage:bodies": USE,
    "GET usage:body": OF_READERS,
    "GET usage:alarms": USE,
    "GET usage:alarm": _about({200: ON_THE_WAY}, {200: CA}),
    "POST usage:explain_alarm": _about({200: REPORTS}, {404: REPORTS}, rest=403),
    "POST usage:close_alarm": _about({200: SUPERVISES}, OF_OTHERS, rest=403),
    "GET usage:inquiries": USE,
    "POST usage:ask": _only(*SUPERVISES, code=302),
    "POST usage:answer": _only(C),
    "GET usage:public": USE,
    "GET usage:note_public": _only(*REPORTS),
    "POST usage:note_public": _only(*REPORTS),
    "GET usage:public_one": _about({200: ON_THE_WAY}, {200: CA}),
    "POST usage:replace_public": _about({200: REPORTS}, {404: REPORTS}, rest=403),
    "POST usage:end_public": _about({302: REPORTS}, {404: REPORTS}, rest=403),
    "GET usage:systems": USE,
    "GET usage:register_system": _only(*SUPERVISES),
    "POST usage:register_system": _only(*SUPERVISES),
    "GET usage:system": OF_READERS,
    "POST usage:make_token": _about({200: SUPERVISES}, OF_OTHERS, rest=403),
    "POST usage:end_token": _about({302: SUPERVISES}, LED_ON, rest=403),
    "POST usage:end_system": _about({302: SUPERVISES}, LED_ON, rest=403),
    "POST usage:upload_events": _about({200: SUPERVISES}, OF_OTHERS, rest=403),
    "GET usage:papers": _only(*REPORTS),
    "POST usage:papers": _only(*REPORTS),
}


@pytest.fixture(autouse=True, scope="module")
def _bare_and_by_another_law() -> Iterator[None]:
    with override_settings(ROOT_URLCONF="tests.architecture.bare_urls"), seven_days():
        yield


def _ask(client: Client, method: str, path: str, data: Mapping[str, Any]) -> HttpResponseBase:
    with worlds.leaving_no_trace(client):
        if method == "GET":
            return client.get(path, data)
        if path.startswith("/api/"):
            sent = {"data": data, "content_type": "application/json"}
            return getattr(client, method.lower())(path, **sent)  # type: ignore[no-any-return]
        return client.post(path, data)


def test_every_route_has_a_row() -> None:
    named = {row.partition(" ")[2] for row in ACCESS}

    assert named == set(_routes())


# Each share goes to whichever worker is free.
SHARES = 12
# A body, an office, the CA, who administers, and nobody.
SEE_PAGES = {*Role, None} if IS_LONG else {C, OO, CO, AD, None}


@pytest.mark.long
@pytest.mark.django_db
@pytest.mark.parametrize("share", range(SHARES))
def test_who_gets_what(world: World, share: int) -> None:
    differences = [found for row in [*ACCESS][share::SHARES] for found in _differences(world, row)]

    assert not differences


def _differences(world: World, row: str) -> Iterator[str]:
    method, _, route = row.partition(" ")
    access = ACCESS[row]
    sides = {"own": (world.own, access.own)}
    if access.other is not None:
        sides["other"] = (world.other, access.other)
    for whose, (side, codes) in sides.items():
        path = _path(route, side)
        for role, client in world.clients.items():
            with nullcontext() if role in SEE_PAGES else worlds.no_pages():
                answer = _ask(client, method, path, access.data)
            expected = access.expected(role, codes)
            if answer.status_code != expected:
                yield f"{row}, {role or 'nobody'}, {whose}: {answer.status_code}, not {expected}"
            page = answer.content.decode("utf-8", "ignore") if _is_text(answer) else ""
            if OF_BEFORE.search(page):
                yield f"{row}, {role or 'nobody'}: says how many days the law gave before"


def _is_text(answer: HttpResponseBase) -> TypeGuard[HttpResponse]:
    return isinstance(answer, HttpResponse) and answer.get("Content-Type", "").startswith("text/")


@pytest.mark.django_db
@override_settings(ROOT_URLCONF="portal.urls")
def test_everybody_who_is_refused_sees_a_page_that_says_so(world: World) -> None:
    for role, client in world.clients.items():
        missing, forbidden = client.get("/khong-co/"), client.get(reverse("background"))

        assert missing.status_code == 404
        assert b"<h1" in missing.content
        if role not in (None, Role.ADMINISTRATOR):
            assert forbidden.status_code == 403
            assert b"<h1" in forbidden.content


@pytest.mark.django_db
def test_no_method_is_answered_without_a_row(world: World) -> None:
    client = world.clients[Role.CLERK]
    unlisted = [
        (method, route)
        for route in sorted({row.partition(" ")[2] for row in ACCESS})
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE")
        if f"{method} {route}" not in ACCESS
    ]

    paths = {route: _path(route, world.own) for _method, route in unlisted}
    answered = {
        f"{method} {route}": status
        for method, route in unlisted
        if (status := client.generic(method, paths[route]).status_code) not in {401, 403, 404, 405}
    }

    assert not answered


def _path(route: str, side: Side) -> str:
    return reverse(route, kwargs=kwargs_of(route, _routes()[route], side))


@cache
def _routes() -> dict[str, list[str]]:
    return worlds.routes(get_resolver().url_patterns)
