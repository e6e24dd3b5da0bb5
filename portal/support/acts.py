"""What the audit record says was done to questions and articles, and its words."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from portal.audit import services as audit
from portal.audit.words import ActGroup, AuditTarget
from portal.support.models import Article, Question

TARGETS = (
    AuditTarget("question", _("Câu hỏi hỗ trợ"), order=200),
    AuditTarget("article", _("Bài hướng dẫn"), order=210),
)
ACTS = (
    ActGroup(
        "question",
        about="question",
        order=170,
        words={
            "ask": _("Gửi câu hỏi đến bàn hỗ trợ"),
            "answer": _("Trả lời câu hỏi"),
            "hand_over": _("Chuyển câu hỏi đến Cục"),
            "hand_back": _("Chuyển câu hỏi lại Sở"),
            "note": _("Ghi chú nội bộ về câu hỏi"),
            "add": _("Bổ sung câu hỏi"),
            "close": _("Xác nhận câu hỏi đã xong"),
            "reopen": _("Hỏi lại"),
            "withdraw": _("Rút câu hỏi"),
            "recover": _("Lập Mẫu 06 từ câu hỏi"),
        },
    ),
    ActGroup(
        "article",
        about="article",
        order=180,
        words={
            "write": _("Viết bài hướng dẫn"),
            "publish": _("Công bố bài hướng dẫn"),
            "unpublish": _("Thôi công bố bài hướng dẫn"),
            "add_picture": _("Thêm hình vào bài hướng dẫn"),
        },
    ),
)


def question_act(action: str, question: Question, **data: object) -> audit.Act:
    """Return the audit act about a question; never what was asked in it."""
    return audit.Act(
        action=action,
        target_type="question",
        target_uuid=question.uuid,
        agency_uuid=question.agency.uuid,
        office_uuid=question.office.uuid if question.office else None,
        data={"category": question.category, "desk": question.desk, **data},
    )


def article_act(action: str, article: Article, **data: object) -> audit.Act:
    """Return the audit act about an article."""
    return audit.Act(
        action=action,
        target_type="article",
        target_uuid=article.uuid,
        agency_uuid=article.owner.uuid,
        office_uuid=None,
        data={"slug": article.slug, **data},
    )
