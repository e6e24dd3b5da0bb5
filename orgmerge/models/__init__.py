"""Tables of a reorganisation."""

from __future__ import annotations

from orgmerge.models.merger import (
    AnnexPiece,
    BodyList,
    BodyListRow,
    Choice,
    GoneOver,
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
)

__all__ = [
    "AnnexPiece",
    "BodyList",
    "BodyListRow",
    "Choice",
    "GoneOver",
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
]
