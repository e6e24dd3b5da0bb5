"""Every rule of the decree and every decision where it is silent, and what the portal made of it.

docs/rules.md is written from here (``manage.py write_rules``). A test keeps the list complete:
each named function or constant exists, says its number in its own words, and is tested.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from portal.core.law import with_numbers


class Sort(StrEnum):
    """What became of a rule."""

    RULE = "rule"  # a named function judges it
    CONSTANT = "constant"  # a number or date with one name
    DUTY = "duty"  # people's; the portal reminds or records
    NOT_APPLIED = "not applied"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One rule: ``where`` are dotted paths of what applies it, ``why`` what is worth knowing.

    Sentences name the numbers of the law: ``%(return_days)s``.
    """

    id: str
    sort: Sort
    says: str
    article: str
    where: tuple[str, ...] = ()
    why: str = ""


def rule(number: str, says: str, article: str, *where: str, why: str = "") -> Entry:
    """Return an entry of this sort."""
    return Entry(id=number, sort=Sort.RULE, says=says, article=article, where=where, why=why)


def constant(number: str, says: str, article: str, *where: str, why: str = "") -> Entry:
    """Return an entry of this sort."""
    return Entry(id=number, sort=Sort.CONSTANT, says=says, article=article, where=where, why=why)


def duty(number: str, says: str, article: str, *where: str, why: str) -> Entry:
    """Return an entry of this sort."""
    return Entry(id=number, sort=Sort.DUTY, says=says, article=article, where=where, why=why)


def left(number: str, says: str, article: str, *, why: str) -> Entry:
    """Return an entry of this sort."""
    return Entry(id=number, sort=Sort.NOT_APPLIED, says=says, article=article, why=why)


_DECREE: tuple[Entry, ...] = (
    constant(
        "R01",
        "The decree is in force and its forms are used from 15/8/2024",
        "Điều 41",
        "requests_app.rules.dossiers.DECREE_IN_FORCE_FROM",
        "requests_app.rules.dossiers.decree_is_in_force",
    ),
    constant(
        "R02",
        "The CA's own certificate lasts 20 years",
        "Điều 9",
        "portal.ca.authority.ceremony.ISSUING_LIFETIME",
        why="the simulated CA; a real one has its own",
    ),
    constant(
        "R03",
        "A new certificate lasts at most %(new_years)s years",
        "Điều 9",
        "portal.core.law.NEW_VALIDITY_YEARS",
        "requests_app.rules.certificates.validity",
    ),
    rule(
        "R04",
        "A renewed certificate lasts at most %(renewed_years)s years from its renewal",
        "Điều 9",
        "requests_app.rules.certificates.renewal_extends",
        why="and must end later than before (D12)",
    ),
    rule(
        "R05",
        "A certificate is renewed once; every successor inherits the count",
        "Điều 12",
        "requests_app.rules.certificates.is_not_renewed_yet",
        why="the database holds it too (CHECK); returned and withdrawn requests do not count",
    ),
    rule(
        "R06",
        "At least %(days_left)s days are left when renewal is asked",
        "Điều 12",
        "requests_app.rules.certificates.has_30_days_left_to_renew",
        why="judged on the day of D1",
    ),
    constant(
        "R07",
        "Renewal is asked on Mẫu 04",
        "Điều 13",
        "requests_app.catalogue.mau_04_renew_change.form.KIND",
    ),
    rule(
        "R08",
        "At least %(days_left)s days are left when a change is asked",
        "Điều 14",
        "requests_app.rules.certificates.has_30_days_left_to_change",
        why="judged on the day of D1",
    ),
    rule(
        "R09",
        "A change never alters the last day of validity",
        "Điều 14",
        "requests_app.catalogue.mau_04_renew_change.effect.validity_of",
        "requests_app.rules.certificates.change_ends_later",
        why="to the second; what ended while it waited is issued anew",
    ),
    rule(
        "R10",
        "A person's certificate changes when the working agency or the official e-mail does",
        "Điều 15 khoản 1",
        "requests_app.rules.certificates.change_fits_subscriber",
    ),
    rule(
        "R11",
        "An organisation's certificate changes when its name or address does",
        "Điều 15 khoản 2",
        "requests_app.rules.certificates.change_fits_subscriber",
    ),
    rule(
        "R12",
        "A system's certificate changes when it is renamed, upgraded or given a function",
        "Điều 15 khoản 3",
        "requests_app.rules.certificates.change_fits_subscriber",
        why="an upgrade or new function shows in the name",
    ),
    constant(
        "R13",
        "Change is asked on Mẫu 04",
        "Điều 16",
        "requests_app.catalogue.mau_04_renew_change.form.KIND",
    ),
    duty(
        "R14",
        "A person belongs to a body of Điều 2 and needs electronic transactions",
        "Điều 10 khoản 1",
        "requests_app.rules.dossiers.sender_has_seal",
        "requests_app.rules.names.body_is_of_the_senders_province",
        "requests_app.rules.names.body_is_of_the_senders_commune",
        "requests_app.rules.names.body_is_registered",
        "requests_app.rules.names.sender_is_named",
        why="bodies in rows are held against the sender's own tree: another province's or "
        "commune's is refused, what the register does not know is asked and the answer shown; the "
        "agency answers for the need with its letter",
    ),
    rule(
        "R15",
        "An organisation has legal personality and stands on the list of agencies",
        "Điều 10 khoản 2",
        "requests_app.rules.dossiers.organisation_is_registered",
        why="the establishment decision can be attached",
    ),
    rule(
        "R16",
        "A device, service or software is owned or managed by a legal person",
        "Điều 10 khoản 3",
        "requests_app.rules.register.owner_is_registered",
    ),
    constant(
        "R17",
        "The CA issues within %(issue_days)s working days of a valid dossier",
        "Điều 11",
        "portal.core.law.ISSUE_WORKING_DAYS",
    ),
    duty(
        "R18",
        "Mẫu 07 follows at once when a device was handed over",
        "Điều 11",
        "django.conf.settings.HANDOVER_NOTICE_WORKING_DAYS",
        why="a clock of one working day (DERIVED) runs and reminds",
    ),
    constant(
        "R19",
        "The CA renews within %(renew_days)s working days",
        "not in the decree's text we have",
        "django.conf.settings.CA_RENEW_WORKING_DAYS",
        why="old regime; a setting",
    ),
    constant(
        "R20",
        "The CA changes information within %(change_days)s working days",
        "not in the decree's text we have",
        "django.conf.settings.CA_CHANGE_WORKING_DAYS",
        why="recalled; a setting",
    ),
    constant(
        "R21",
        "The CA revokes within %(revoke_days)s working days",
        "not in the decree's text we have",
        "django.conf.settings.CA_REVOKE_WORKING_DAYS",
        why="uncertain; a setting",
    ),
    rule(
        "R22",
        "Causes of revocation for all, and on whose word",
        "Điều 17 khoản 1",
        "requests_app.rules.revocation.cause_fits_subject",
        "requests_app.rules.revocation.own_request_is_attached",
        "requests_app.rules.revocation.authority_request_is_attached",
    ),
    rule(
        "R23",
        "Causes of revocation for persons",
        "Điều 17 khoản 2",
        "requests_app.rules.revocation.cause_fits_subject",
    ),
    rule(
        "R24",
        "Causes of revocation for organisations",
        "Điều 17 khoản 3",
        "requests_app.rules.revocation.cause_fits_subject",
        why="275/BCY lets one certificate of merged bodies live on by a change",
    ),
    rule(
        "R25",
        "Causes of revocation for systems",
        "Điều 17 khoản 4",
        "requests_app.rules.revocation.cause_fits_subject",
    ),
    rule(
        "R26",
        "The directly managing agency asks for revocation",
        "Điều 18",
        "requests_app.rules.revocation.managing_agency_asks",
        why="text of Điều 18 not seen",
    ),
    constant(
        "R27",
        "Revocation is asked on Mẫu 05",
        "Điều 19",
        "requests_app.catalogue.mau_05_revoke.form.KIND",
    ),
    rule(
        "R28",
        "The subscriber gives the device back to the agency on expiry or revocation",
        "Điều 20",
        "requests_app.rules.returns.device_is_back",
        "requests_app.rules.returns.reason_holds",
    ),
    constant(
        "R29",
        "The agency takes it back and delivers it within %(return_days)s working days of the "
        "notice, "
        "on Mẫu 08",
        "Điều 20",
        "portal.core.law.RETURN_WORKING_DAYS",
        "requests_app.catalogue.mau_08_return.form.KIND",
        why="for mere expiry from the delivery of the recall notice (DERIVED)",
    ),
    rule(
        "R30",
        "A lost device: Mẫu 09, sent at once",
        "Điều 20",
        "requests_app.rules.devices.agency_answers_for",
        "requests_app.rules.devices.loss_is_not_confirmed_yet",
        "requests_app.rules.returns.device_is_in_hand",
        why="“at once” is one working day (DERIVED)",
    ),
    rule(
        "R31",
        "After expiry or revocation a certificate is issued as the first time",
        "Điều 21",
        "requests_app.rules.certificates.is_not_revoked",
        "requests_app.rules.certificates.is_not_expired",
        "requests_app.rules.reissue.may_be_issued_anew",
        why="the way out leads to Mẫu 01, 02 or 03; an old serial typed on a row is a warning",
    ),
    constant(
        "R32",
        "A device locks after too many wrong passwords; the number is the CA's",
        "Điều 22 khoản 1",
        "django.conf.settings.PIN_TRIES",
        why="practice knows 3, 10 and 15",
    ),
    rule(
        "R33",
        "Recovery: Mẫu 06, %(recovery_days)s working day; refusal in writing with the reason",
        "Điều 22",
        "requests_app.rules.devices.is_locked",
        "requests_app.rules.devices.is_with_its_subscriber",
        "requests_app.rules.devices.certificate_is_valid",
    ),
    left(
        "R34",
        "The old 60-day window",
        "NĐ 130/2018",
        why="replaced by the %(days_left)s days of R06 and R08; reminders begin at 90 and 60",
    ),
    duty(
        "R35",
        "What a certificate must carry",
        "Điều 7",
        "portal.ca.pki.profiles.PROFILES",
        "portal.ca.pki.names.SubjectName",
        why="the simulated CA's profile does",
    ),
    left(
        "R36",
        "Annual report and next year's demand",
        "Điều 34 khoản 1",
        why="belongs to the reports, not to a certificate's life",
    ),
    duty(
        "R37",
        "The Điều 34(1) body gives the CA the list of agencies",
        "275/BCY-CTSBMTT mục 4",
        "portal.agencies.services.register_agency",
        why="a body not on the list gets no certificate (R15)",
    ),
    left(
        "R38",
        "Certificates from before 15/8/2024 keep their value; duties by the old rules",
        "Điều 42",
        why="the portal holds none of them; when they are brought in, this rule comes with them",
    ),
    left(
        "R39",
        "State bodies leave public CAs before 31/12/2025",
        "NB Điều 8 khoản 1",
        why="one province's duty about other CAs' certificates",
    ),
    rule(
        "R40",
        "Deputies sign with their own personal certificate",
        "NB Điều 11 khoản 4",
        "requests_app.submission.signing_mode.personal_certificate",
    ),
    rule(
        "R41",
        "A person moves to another state body: the receiving agency files the change",
        "NB Điều 11 khoản 6",
        "requests_app.rules.certificates.certificate_is_known",
        "requests_app.rules.transfers.new_workplace_is_the_senders",
        "requests_app.rules.transfers.former_agency_has_spoken",
        why="name and registered address must fit; nothing else tells that the person exists; "
        "D25 for the former agency",
    ),
    duty(
        "R42",
        "A person retires, leaves or dies: the agency files the revocation and returns the device",
        "NB Điều 11 khoản 5",
        "requests_app.rules.revocation.FOR_PERSONS",
        why="the causes are there; who left, the agency knows",
    ),
    duty(
        "R43",
        "An organisation's device is kept by its văn thư",
        "N30 Điều 32; NB Điều 11 khoản 2",
        "devices.services.hand_over",
        why="the hand-over names the holder",
    ),
    duty(
        "R44",
        "A personal device is its owner's alone",
        "N30 Điều 32 khoản 3",
        "requests_app.catalogue.mau_07_handover.form.receiver_is_the_person",
        why="a warning on Mẫu 07; the person sets the PIN",
    ),
    duty(
        "R45",
        "One personal certificate is enough",
        "nif.mof.gov.vn",
        "requests_app.submission.checks",
        why="the CA sees what a person holds already and judges; no refusal",
    ),
    rule(
        "R46",
        "SIM PKI: the carrier is named; number in use converted or not",
        "BTC Điều 4",
        "requests_app.kinds.people.sim_names_its_carrier",
        "requests_app.rules.certificates.sim_names_its_number",
        why="the subscription is between subscriber and carrier",
    ),
    left("R47", "Identity cards and passports", "Điều 23–27", why="out of scope"),
)


_DECISIONS: tuple[Entry, ...] = (
    rule(
        "D1",
        "%(days_left)s days count to the day the first official recipient has it; returned, "
        "judged anew",
        "§14.1",
        "requests_app.rules.certificates.has_30_days_left_to_renew",
        "requests_app.rules.certificates.has_30_days_left_to_change",
        "portal.ca.register.renewals.are_asked_for",
        why="asked again at sending; what was asked in time is renewed after its end too",
    ),
    rule(
        "D2",
        "With fewer than %(days_left)s days left a new issue is the way, with the old serial "
        "in its column",
        "§14.2",
        "requests_app.rules.certificates.has_30_days_left_to_renew",
        "requests_app.rules.reissue.may_be_issued_anew",
        why="said in the way out; the start page opens it; with more days left a typed old serial "
        "warns the clerk and is shown to the CA, as a broken or second device may be right",
    ),
    rule(
        "D3",
        "A forwarding office returns, it does not refuse",
        "§14.3",
        "requests_app.workflow.STEPS",
        "requests_app.routing.rules.may_be_delegated",
    ),
    constant(
        "D4",
        "A notice is received on the day of its delivery in the portal",
        "§14.4",
        "requests_app.models.DeliveredPaper",
    ),
    rule(
        "D5",
        "The return chain opens on revocation and expiry, where a device has no valid successor",
        "§14.5",
        "devices.services.open_return",
        why="a device given back early closes it as it opens; one whose renewal was asked for in "
        "time waits for the answer",
    ),
    rule(
        "D6",
        "A found device returns to the condition it had, unless its certificate ended meanwhile",
        "§14.6",
        "devices.services.make_move",
    ),
    rule(
        "D7",
        "Mẫu 09 does not revoke; it opens a pre-filled Mẫu 05",
        "§14.7",
        "requests_app.catalogue.mau_09_loss.effect",
    ),
    rule(
        "D8",
        "Open dossiers of a merging body: 05, 06, 08, 09 go on; 01–04 not executed are stopped",
        "§14.8",
        "requests_app.rules.dossiers.sender_exists",
        "orgmerge.succession.transfers",
        why="execution asks again; on the day of a merger those that go on pass to the successor",
    ),
    rule(
        "D9",
        "A name is judged by the name and type, never by the code",
        "§14.9",
        "portal.core.text.names.same",
        "orgmerge.planner.names.kind_of",
        why="capitals, the place of a tone and usual short forms make no other name",
    ),
    rule(
        "D10",
        "A commune in a list is not a body",
        "§14.10",
        "orgmerge.body_lists.communes.expand",
        why="a list of communes is expanded to bodies, and a person goes through that",
    ),
    constant(
        "D11",
        "The old certificate is superseded when installation is confirmed, or "
        "%(superseded_days)s days after issue",
        "§14.11",
        "portal.ca.register.installation.SUPERSEDED_AFTER",
        "portal.ca.register.installation.revoke_superseded",
    ),
    rule(
        "D12",
        "A renewal that does not extend the old certificate is refused",
        "§14.12",
        "requests_app.rules.certificates.renewal_extends",
    ),
    rule(
        "D13",
        "Numbers of official letters follow N30; decision numbers are free text",
        "§14.13",
        "requests_app.rules.dossiers.has_letter_number",
    ),
    rule(
        "D14",
        "A person's own request can be attached; revocation at the subscriber's wish needs it",
        "§14.14",
        "requests_app.rules.revocation.own_request_is_attached",
    ),
    constant(
        "D15",
        "Delivery by hand, through a cơ yếu organisation or by public post",
        "§14.15",
        "devices.models.Channel",
    ),
    left(
        "D16", "A yearly check record per agency", "§14.16", why="belongs to the supervision of use"
    ),
    rule(
        "D22",
        "A new body is one by code and organ; two names under one code are findings",
        "§14.22",
        "orgmerge.body_lists.checks.NewBodies",
        "orgmerge.body_lists.communes.expand",
        why="also one name under two codes in a province, and a commune named whole twice",
    ),
    rule(
        "D23",
        "A body is found by kind, level, province and name together",
        "§14.23",
        "portal.agencies.levels.level_of",
        "orgmerge.body_lists.checks.BodyRegister",
        why="what is ambiguous is refused with the candidates; name (superior; level; province) "
        "tells them apart",
    ),
    rule(
        "D24",
        "A name longer than the 64 letters of CN, O and OU stands in short in the certificate, "
        "chosen once by a person",
        "§14.24",
        "requests_app.rules.names.name_fits_a_certificate",
        "portal.agencies.rules.names_violations",
        why="register and forms carry the whole name; the register's choice comes first, then the "
        "clerk's, then the portal's proposal; nobody is stopped by length",
    ),
    rule(
        "D25",
        "A person who comes from another managing agency: the new place of work is the sender's, "
        "the former agency is asked; silent for %(former_agency_days)s working days, the row goes "
        "on",
        "§14.25",
        "requests_app.rules.transfers.new_workplace_is_the_senders",
        "requests_app.rules.transfers.former_agency_has_spoken",
        why="where it has ended its successor answers; office and CA read what was said, or that "
        "nothing was",
    ),
    rule(
        "D26",
        "A letter goes to one of its body's recorded signers: head, Q., KT., or TL. and TUQ. whose "
        "authority names the form, on the days it is given for, with that person's own certificate",
        "§14.26",
        "portal.agencies.rules.authority_is_recorded",
        "requests_app.rules.signers.somebody_may_sign",
        "requests_app.rules.signers.authority_is_in_force",
        "requests_app.rules.signers.signer_did_not_draft",
        "requests_app.rules.signers.signs_oneself",
        why="a body that records nobody goes on as before: any head's account signs, the block is "
        "the register's",
    ),
)


ENTRIES = (*_DECREE, *_DECISIONS)


def page() -> str:
    """Return docs/rules.md."""
    lines = [_HEAD]
    for one in ENTRIES:
        places = "<br>".join(f"`{path}`" for path in one.where)
        says, why = with_numbers(one.says), with_numbers(one.why)
        lines.append(f"| {one.id} | {says} | {one.article} | {one.sort} | {places} | {why} |")
    return "\n".join(lines) + "\n"


_HEAD = """# Rules

Made from `requests_app/rulebook.py` by `manage.py write_rules`; a test fails when it is stale.
R-numbers are ours, D-numbers are decisions where the sources are silent or in tension. *Rule*: a
named function judges it. *Constant*: a number with one name. *Duty*: people's; the portal reminds
or records. Articles without a decree's name are those of Nghị định 68/2024/NĐ-CP.

| No. | Says | Article | Is | Applied in | Remark |
|---|---|---|---|---|---|"""
