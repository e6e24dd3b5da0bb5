"""Everything dossiers are kept in; one module a subject."""

from requests_app.models.archive import ArchivePackage
from requests_app.models.covering_letters import CoveredDossier, CoveringLetter
from requests_app.models.dossiers import (
    Attachment,
    Decision,
    DeliveredPaper,
    Dossier,
    DossierCopy,
    DossierEvent,
    DossierItem,
    ItemWord,
    Outcome,
    QuestionAnswer,
    ReturnedContent,
    ReturnReason,
    SigningMode,
)
from requests_app.models.inquiries import TransferInquiry
from requests_app.models.letter_mails import LetterMail
from requests_app.models.mandates import RecoveryMandate
from requests_app.models.official_papers import OfficialPaper
from requests_app.models.own_letters import OwnLetter
from requests_app.models.previews import LetterPreview
from requests_app.models.proceedings import (
    ProceedingsItem,
    ProceedingsNotice,
    ProceedingsRequest,
)
from requests_app.models.routing import RoutingProposal, RoutingRule
from requests_app.workflow import Procedure

__all__ = [
    "ArchivePackage",
    "Attachment",
    "CoveredDossier",
    "CoveringLetter",
    "Decision",
    "DeliveredPaper",
    "Dossier",
    "DossierCopy",
    "DossierEvent",
    "DossierItem",
    "ItemWord",
    "LetterMail",
    "LetterPreview",
    "OfficialPaper",
    "Outcome",
    "OwnLetter",
    "Procedure",
    "ProceedingsItem",
    "ProceedingsNotice",
    "ProceedingsRequest",
    "QuestionAnswer",
    "RecoveryMandate",
    "ReturnReason",
    "ReturnedContent",
    "RoutingProposal",
    "RoutingRule",
    "SigningMode",
    "TransferInquiry",
]
