"""Who a user is in the procedure: the roles, and the one table of what each sees and may do.

What a role does to a dossier, a covering letter, a reorganisation or a device stands in the tables
of steps; everything else asks ``user.can(…)`` and ``user.scope``, which read ``ROLES``.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from django.db import models
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    """A user has exactly one."""

    CLERK = "clerk", _("Văn thư, cán bộ phụ trách")
    HEAD = "head", _("Lãnh đạo đơn vị")
    IT_OFFICER = "it_officer", _("Cán bộ CNTT của đơn vị")
    OFFICE_OFFICER = "office_officer", _("Chuyên viên Sở KH&CN")
    OFFICE_HEAD = "office_head", _("Lãnh đạo Sở KH&CN")
    SUPPORT_TEAM = "support_team", _("Đội hỗ trợ kỹ thuật của Sở")
    CA_OPERATOR = "ca_operator", _("Cán bộ tiếp nhận của Cục")
    CA_SUPERVISOR = "ca_supervisor", _("Cán bộ phê duyệt của Cục")
    AUDITOR = "auditor", _("Kiểm toán")
    ADMINISTRATOR = "administrator", _("Quản trị hệ thống")


class Scope(StrEnum):
    """Whose papers a role sees; each ``visible_to`` says what that means for its rows."""

    BODY = "body"  # its own body's, and those of the bodies that became part of it
    OFFICE = "office"  # those of the bodies its office answers for
    CA = "ca"  # all that reaches the CA, wherever its people sit
    TREE = "tree"  # its own body's and those below it, to read only
    NONE = "none"  # no dossiers, certificates or devices


class Capability(StrEnum):
    """An act that some roles are allowed and others are not."""

    READ_DOSSIERS = "read_dossiers"  # and certificates, devices, people, registers
    WORK_ON_DOSSIERS = "work_on_dossiers"  # has a work list and deadlines
    DRAFT = "draft"  # writes and corrects its body's dossiers, and is told what comes of them
    # Writes requests for recovery (Mẫu 06) alone, neither numbers nor sends them: its body's, or
    # those of a body that gave its office's team a mandate.
    DRAFT_RECOVERIES = "draft_recoveries"
    NUMBER_LETTERS = "number_letters"
    SIGN_LETTERS = "sign_letters"  # heads a body that sends
    COVER_DOSSIERS = "cover_dossiers"  # writes an office's covering letters
    SIGN_COVERING_LETTERS = "sign_covering_letters"  # heads an office
    NUMBER_PAPERS = "number_papers"  # an office's or the CA's notices; never who signs them
    RECORD_CA_ANSWERS = "record_ca_answers"  # of a CA reached by files; another confirms them
    CONFIRM_CA_ANSWERS = "confirm_ca_answers"
    CONFIRM_INSTALLATION = "confirm_installation"
    PREPARE_REORGANISATIONS = "prepare_reorganisations"  # describes, plans, carries out
    APPROVE_REORGANISATIONS = "approve_reorganisations"  # and agrees to those of other offices
    READ_DRAFT_REORGANISATIONS = "read_draft_reorganisations"  # whole, before they are approved
    ANSWER_REVIEWS = "answer_reviews"  # says for its body what becomes of its certificates
    HAND_IN_RECORDS = "hand_in_records"  # of what was handed over, signed by both bodies
    KEEP_DEVICES = "keep_devices"  # a body's: receives, hands over, takes back
    COUNT_DEVICES = "count_devices"  # opens stock-takings of where it works, and counts
    CLOSE_STOCKTAKINGS = "close_stocktakings"  # that somebody else counted
    SUPPLY_DEVICES = "supply_devices"  # the CA's: takes into stock, sends, takes back
    REGISTER_SIGNING_SYSTEMS = "register_signing_systems"  # and hands in what they write to files
    REPORT_USE = "report_use"  # of the body: answers for its certificates, hands in signed papers
    REVEAL_IDENTITIES = "reveal_identities"
    ANSWER_QUESTIONS = "answer_questions"  # at the support desk of its office, or of the CA
    # What proceedings bodies and the police ask at the CA's desk (R22).
    READ_PROCEEDINGS = "read_proceedings"
    RECORD_PROCEEDINGS = "record_proceedings"
    DECIDE_PROCEEDINGS = "decide_proceedings"
    SEE_DASHBOARD = "see_dashboard"
    REPORT = "report"  # writes the reports of its body
    SIGN_REPORTS = "sign_reports"
    ASK_FOR_DEMAND = "ask_for_demand"  # opens rounds, corrects what comes in
    BRING_IN_ESTATE = "bring_in_estate"  # an office's certificates, people, devices of before
    INSPECT = "inspect"  # an office's bodies: rounds, visits, findings
    SEE_STAFF_ACCOUNTS = "see_staff_accounts"  # those of the body it leads
    SEE_AUDIT = "see_audit"
    SEE_AUTHORITIES = "see_authorities"  # the portal's own CAs, and what is due of them
    SUPERVISE_USE = "supervise_use"  # asks about idle certificates, concludes alarms
    ADMINISTER = "administer"


@dataclass(frozen=True, slots=True)
class RoleProfile:
    """One line of the table."""

    scope: Scope
    capabilities: frozenset[Capability]


_WORK = (Capability.READ_DOSSIERS, Capability.WORK_ON_DOSSIERS)


def _profile(scope: Scope, *capabilities: Capability) -> RoleProfile:
    return RoleProfile(scope, frozenset(capabilities))


ROLES: dict[str, RoleProfile] = {
    Role.CLERK: _profile(
        Scope.BODY,
        *_WORK,
        Capability.DRAFT,
        Capability.NUMBER_LETTERS,
        Capability.CONFIRM_INSTALLATION,
        Capability.ANSWER_REVIEWS,
        Capability.HAND_IN_RECORDS,
        Capability.KEEP_DEVICES,
        Capability.COUNT_DEVICES,
        Capability.CLOSE_STOCKTAKINGS,
        Capability.REPORT,
        Capability.REPORT_USE,
        Capability.REVEAL_IDENTITIES,
    ),
    Role.HEAD: _profile(
        Scope.BODY,
        *_WORK,
        Capability.SIGN_LETTERS,
        Capability.SIGN_REPORTS,
        Capability.CLOSE_STOCKTAKINGS,
        Capability.SEE_STAFF_ACCOUNTS,
    ),
    Role.IT_OFFICER: _profile(Scope.BODY, *_WORK, Capability.DRAFT_RECOVERIES),
    Role.OFFICE_OFFICER: _profile(
        Scope.OFFICE,
        *_WORK,
        Capability.RECORD_CA_ANSWERS,
        Capability.ANSWER_QUESTIONS,
        Capability.COVER_DOSSIERS,
        Capability.NUMBER_PAPERS,
        Capability.COUNT_DEVICES,
        Capability.CLOSE_STOCKTAKINGS,
        Capability.PREPARE_REORGANISATIONS,
        Capability.READ_DRAFT_REORGANISATIONS,
        Capability.REPORT,
        Capability.ASK_FOR_DEMAND,
        Capability.BRING_IN_ESTATE,
        Capability.INSPECT,
        Capability.REGISTER_SIGNING_SYSTEMS,
        Capability.REPORT_USE,
        Capability.SEE_DASHBOARD,
        Capability.SUPERVISE_USE,
    ),
    Role.OFFICE_HEAD: _profile(
        Scope.OFFICE,
        *_WORK,
        Capability.CONFIRM_CA_ANSWERS,
        Capability.SIGN_COVERING_LETTERS,
        Capability.CLOSE_STOCKTAKINGS,
        Capability.APPROVE_REORGANISATIONS,
        Capability.READ_DRAFT_REORGANISATIONS,
        Capability.SIGN_REPORTS,
        Capability.SEE_DASHBOARD,
        Capability.SEE_STAFF_ACCOUNTS,
    ),
    Role.SUPPORT_TEAM: _profile(
        Scope.OFFICE, *_WORK, Capability.ANSWER_QUESTIONS, Capability.DRAFT_RECOVERIES
    ),
    Role.CA_OPERATOR: _profile(
        Scope.CA,
        *_WORK,
        Capability.RECORD_CA_ANSWERS,
        Capability.ANSWER_QUESTIONS,
        Capability.REGISTER_SIGNING_SYSTEMS,
        Capability.SUPPLY_DEVICES,
        Capability.NUMBER_PAPERS,
        Capability.COUNT_DEVICES,
        Capability.CLOSE_STOCKTAKINGS,
        Capability.READ_PROCEEDINGS,
        Capability.RECORD_PROCEEDINGS,
        Capability.REPORT,
        Capability.ASK_FOR_DEMAND,
        Capability.REVEAL_IDENTITIES,
        Capability.SEE_AUTHORITIES,
        Capability.SEE_DASHBOARD,
        Capability.SUPERVISE_USE,
    ),
    Role.CA_SUPERVISOR: _profile(
        Scope.CA,
        *_WORK,
        Capability.CONFIRM_CA_ANSWERS,
        Capability.SIGN_REPORTS,
        Capability.CLOSE_STOCKTAKINGS,
        Capability.READ_PROCEEDINGS,
        Capability.DECIDE_PROCEEDINGS,
        Capability.REVEAL_IDENTITIES,
        Capability.SEE_AUTHORITIES,
        Capability.SEE_DASHBOARD,
        Capability.SEE_STAFF_ACCOUNTS,
    ),
    Role.AUDITOR: _profile(
        Scope.TREE,
        Capability.READ_DOSSIERS,
        Capability.READ_DRAFT_REORGANISATIONS,
        Capability.SEE_AUDIT,
    ),
    Role.ADMINISTRATOR: _profile(
        Scope.NONE, Capability.SEE_AUDIT, Capability.SEE_AUTHORITIES, Capability.ADMINISTER
    ),
}

_NOBODY = _profile(Scope.NONE)


def profile_of(role: str) -> RoleProfile:
    """Return the line of ``role``; an account without one sees and may do nothing."""
    return ROLES.get(role, _NOBODY)


def roles_that_can(*capabilities: Capability) -> frozenset[str]:
    """Return the roles that have one of ``capabilities``."""
    return frozenset(
        role for role, profile in ROLES.items() if profile.capabilities & set(capabilities)
    )


def roles_in(scope: Scope) -> frozenset[str]:
    """Return the roles that see what ``scope`` says."""
    return frozenset(role for role, profile in ROLES.items() if profile.scope == scope)


AGENCY_ROLES = frozenset(Role(role) for role in roles_in(Scope.BODY))
OFFICE_ROLES = frozenset(Role(role) for role in roles_in(Scope.OFFICE))
CA_ROLES = frozenset(Role(role) for role in roles_in(Scope.CA))
