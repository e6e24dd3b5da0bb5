"""Tables of a reorganisation."""

from __future__ import annotations

from orgmerge.models.merger import (
    AnnexPiece,
    BodyList,
    BodyListRow,
    Merger,
    MergerBody,
    MergerOffice,
    MergerShare,
    MergerStep,
    Plan,
    PlanAnnex,
    PlanLine,
    RecordsHandover,
    ReviewItem,
    ReviewReply,
    ReviewRound,
    Settlement,
    SurvivorChoice,
    TransferEntry,
)

__all__ = [
    "AnnexPiece",
    "BodyList",
    "BodyListRow",
    "Merger",
    "MergerBody",
    "MergerOffice",
    "MergerShare",
    "MergerStep",
    "Plan",
    "PlanAnnex",
    "PlanLine",
    "RecordsHandover",
    "ReviewItem",
    "ReviewReply",
    "ReviewRound",
    "Settlement",
    "SurvivorChoice",
    "TransferEntry",
]
