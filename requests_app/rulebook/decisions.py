"""D1–D16, D22–D26: what was decided where the sources are silent or in tension."""

from __future__ import annotations

from requests_app.rulebook.entry import Entry, constant, left, rule

ENTRIES: tuple[Entry, ...] = (
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
