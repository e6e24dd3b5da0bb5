"""The one order in which rows are locked; docs/decisions/0024-order-of-locks.md says why.

Whoever locks rows of several tables locks them in this order, rows of one table in that of their
key, and with ``no_key``: others may refer to them meanwhile. ``tests/flows/locks.py`` watches it.
"""

from __future__ import annotations

from collections.abc import Mapping

# What somebody decides about comes before what follows from the decision.
ORDER: tuple[str, ...] = (
    "ca_authority",
    "orgmerge_merger",
    "orgmerge_plan",
    "orgmerge_planannex",
    "orgmerge_reviewround",
    "orgmerge_reviewreply",
    "orgmerge_recordshandover",
    "support_question",
    "support_article",
    "usage_signingsystem",
    "usage_usagealarm",
    "usage_idleinquiry",
    "usage_publiccertificate",
    "requests_app_routingproposal",
    "requests_app_routingrule",
    "estate_delivery",
    "estate_doubt",
    "agencies_succession",
    "agencies_agency",
    "requests_app_recoverymandate",
    "requests_app_coveringletter",
    "reports_report",
    "demand_demandround",
    "demand_demandproposal",
    "requests_app_proceedingsrequest",
    "inspection_checklistitem",
    "inspection_inspectionround",
    "inspection_assessment",
    "inspection_inspectionvisit",
    "inspection_inspectionfinding",
    "inspection_conductproposal",
    "requests_app_officialpaper",
    "requests_app_dossier",
    "requests_app_covereddossier",
    "requests_app_dossieritem",
    "requests_app_transferinquiry",
    "requests_app_letterpreview",
    "devices_intake",
    "devices_shipment",
    "devices_stocktaking",
    "devices_expirymark",
    "devices_recallputoff",
    "ca_certificate",
    "devices_device",
    "ca_keypair",
    "ca_virtualtoken",
    "ca_outsideorder",
    "agencies_subscriber",
    "agencies_affiliation",
    "deadlines_deadline",
    "accounts_user",
    "accounts_rolegrant",
    "notices_notice",
    "notices_mail",
    "django_session",
    "audit_audithead",
)
HEAD = ORDER[-1]

# Rows that only who holds the whole touches, at any time: nobody else waits for them.
_PARTS_OF: Mapping[str, tuple[str, ...]] = {
    "agencies_agency": (
        "agencies_agencyversion",
        "agencies_agencyword",
        "agencies_signer",
    ),
    "agencies_subscriber": ("agencies_subscriberword",),
    "estate_delivery": ("estate_deliveredrow",),
    "orgmerge_merger": (
        "orgmerge_bodylist",
        "orgmerge_bodylistrow",
        "orgmerge_mergerbody",
        "orgmerge_mergeroffice",
        "orgmerge_mergershare",
        "orgmerge_planline",
    ),
    "orgmerge_plan": ("orgmerge_planline",),  # while it is made, its worker's
    "orgmerge_planannex": ("orgmerge_annexpiece",),
    "orgmerge_reviewreply": ("orgmerge_reviewitem",),
    "requests_app_coveringletter": ("requests_app_covereddossier",),
    "requests_app_dossier": (
        "requests_app_attachment",
        "requests_app_dossier_decided_by",
        "requests_app_dossiercopy",
        "requests_app_dossieritem",
        "requests_app_itemword",
        "requests_app_questionanswer",
        "requests_app_returnedcontent",
        "requests_app_transferinquiry",
    ),
    "requests_app_proceedingsrequest": (
        "requests_app_proceedingsitem",
        "requests_app_proceedingsnotice",
    ),
    "reports_report": ("reports_report_edited_by",),
    "requests_app_officialpaper": ("requests_app_officialpaper_edited_by",),
    "demand_demandround": ("demand_demandproposal",),
    "demand_demandproposal": ("demand_demandcell", "demand_demandproposal_edited_by"),
    "inspection_inspectionround": ("inspection_assessment", "inspection_rounditem"),
    "inspection_assessment": (
        "inspection_assessment_edited_by",
        "inspection_assessmentanswer",
        "inspection_evidence",
        "inspection_inspectionfinding",
        "inspection_inspectionvisit",
    ),
    "inspection_inspectionvisit": ("inspection_inspectionvisit_edited_by",),
    "inspection_inspectionfinding": ("inspection_evidence", "inspection_findingentry"),
    "support_article": ("support_articlepicture", "support_articleversion"),
    "support_question": ("support_entry", "support_entryfile"),
    "devices_shipment": ("devices_shipmentitem",),
    "devices_stocktaking": ("devices_stocktaking_counted_by", "devices_stocktakingline"),
    "usage_signingsystem": (
        "usage_bodymonth",
        "usage_strayevent",
        "usage_systemtoken",
        "usage_usagebatch",
        "usage_usageevent",
        "usage_usagemonth",
    ),
    "accounts_user": (
        "accounts_accountchange",
        "accounts_calendarfeed",
        "accounts_knownplace",
        "accounts_passwordchoice",
        "knox_authtoken",
        "notices_noticepreference",
    ),
}
PARTS: Mapping[str, frozenset[str]] = {
    part: frozenset(whole for whole, parts in _PARTS_OF.items() if part in parts)
    for part in {part for parts in _PARTS_OF.values() for part in parts}
}
# Of these also after the head: a clock is its target's, and nobody waits who holds it alone.
AFTER_HEAD: Mapping[str, frozenset[str]] = {
    **PARTS,
    "deadlines_deadline": frozenset(
        {"requests_app_dossier", "devices_device", "ca_certificate", "orgmerge_merger"}
    ),
    # What asked for a step falls silent with it; who reads their notices waits for nobody.
    "notices_notice": frozenset({"requests_app_dossier"}),
}
