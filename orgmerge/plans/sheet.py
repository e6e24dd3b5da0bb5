"""The lines of a plan as they are listed: on pages, on paper, in the spreadsheet to take away."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from orgmerge.models import PlanLine
from orgmerge.planner.reasons import REASONS, WARNINGS
from orgmerge.plans.subjects import NewSubject
from orgmerge.vocabulary import LineAbout, LineAction, LineStage
from portal.core.web.sheets import SheetColumn


@dataclass(frozen=True, slots=True)
class ListedLine:
    """One line as it is listed, with the new subject where a certificate changes."""

    line: PlanLine
    new: NewSubject | None = None

    @property
    def deed(self) -> str:
        """What is done, by which form."""
        form = self.line.form
        label = str(LineAction(self.line.action).label)
        return f"Cấp mới (Mẫu {form})" if form and self.line.action == LineAction.ISSUE else label

    @property
    def body(self) -> str:
        return self.line.agency.name if self.line.agency else ""

    @property
    def sender(self) -> str:
        return self.line.sender.name if self.line.sender else ""

    @property
    def sentence(self) -> str:
        found = REASONS.get(self.line.reason)
        return str(found.sentence) if found else self.line.reason

    @property
    def article(self) -> str:
        found = REASONS.get(self.line.reason)
        return found.article if found else ""

    @property
    def warnings(self) -> str:
        known = [WARNINGS[code] for code in self.line.warnings if code in WARNINGS]
        return " ".join(str(one.sentence) for one in known)

    def subject(self, of: Callable[[NewSubject], str]) -> str:
        return of(self.new) if self.new else ""


COLUMNS: tuple[SheetColumn[ListedLine], ...] = (
    SheetColumn(_("Bước"), lambda row: str(LineStage(row.line.stage).label), 26),
    SheetColumn(_("Đơn vị hiện nay"), lambda row: row.body, 36),
    SheetColumn(_("Loại"), lambda row: str(LineAbout(row.line.about).label), 16),
    SheetColumn(_("Đối tượng"), lambda row: row.line.title, 44),
    SheetColumn(_("Việc làm"), lambda row: row.deed, 28),
    SheetColumn(_("Mẫu"), lambda row: row.line.form, 8),
    SheetColumn(_("Đơn vị lập hồ sơ"), lambda row: row.sender, 36),
    SheetColumn(_("Lý do"), lambda row: row.sentence, 60),
    SheetColumn(_("Căn cứ"), lambda row: row.article, 32),
    SheetColumn(_("Lưu ý"), lambda row: row.warnings, 60),
    SheetColumn(_("Còn chờ người quyết định"), lambda row: "x" if row.line.is_open else "", 14),
    SheetColumn(_("Chủ thể hiện nay"), lambda row: row.subject(lambda new: new.old_words), 60),
    SheetColumn(_("Chủ thể mới"), lambda row: row.subject(lambda new: new.new_words), 60),
)
