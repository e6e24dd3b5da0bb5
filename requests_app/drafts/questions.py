"""Answering what is asked about the rows of a draft: the register's name is taken, or what stands
is kept with a reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction

from portal.accounts.models import User
from portal.audit import services as audit
from portal.core.rules import Refused, Violation, refuse
from portal.core.text.identifiers import check_letters
from portal.core.text.names import CERTIFICATE_NAME_LENGTH
from portal.core.text.vietnamese import nfc
from requests_app.acts import dossier_act
from requests_app.drafts.services import lock_draft, save_rows
from requests_app.models import Dossier
from requests_app.submission.checks import questions_of, row_findings


@dataclass(frozen=True, slots=True)
class Answer:
    """``takes``: the value offered goes into every row asked about; else ``words`` say why not."""

    takes: bool = False
    words: str = ""


@transaction.atomic
def answer_questions(
    dossier: Dossier,
    answers: Mapping[str, Answer],
    *,
    actor: User,
    now: datetime,
    version: int,
) -> Dossier:
    """Keep the answers to questions by their keys; one that is not asked any more is left out.

    Raises as ``lock_draft``; Refused when what stands is kept without a word.
    """
    dossier = lock_draft(dossier, actor=actor, version=version)
    asked = {one.key: one for one in questions_of(dossier, row_findings(dossier, now=now))}
    given = {key: answer for key, answer in answers.items() if key in asked}
    if violations := [
        Violation(
            "no_answer",
            f"Chưa ghi lý do giữ nguyên: {asked[key].message}",
            row=asked[key].rows[0],
        )
        for key, answer in given.items()
        if not answer.takes and not answer.words.strip()
    ]:
        raise Refused(*violations)
    for key, answer in given.items():
        if answer.takes or not asked[key].is_about_a_certificate:
            continue
        if (length := len(nfc(answer.words))) > CERTIFICATE_NAME_LENGTH:
            raise refuse(
                "certificate_name_too_long",
                f"Tên ngắn “{answer.words}” còn dài {length} ký tự, chỉ được "
                f"{CERTIFICATE_NAME_LENGTH}.",
            )
        if odd := check_letters(answer.words):
            raise refuse(odd[0].code, odd[0].message)
    for key, answer in given.items():
        one = asked[key]
        if one.is_about_a_certificate or not answer.takes:
            words = one.suggestion if answer.takes else nfc(answer.words)
            # Under the lock of the dossier nobody else writes its answers.
            dossier.question_answers.filter(question=key).delete()
            dossier.question_answers.create(
                question=key,
                code=one.code,
                field=one.field,
                message=one.message,
                answer=words,
                said_by=actor,
                said_at=now,
            )
    changes: dict[UUID, dict[str, str]] = {}
    by_position = {item.position: item.uuid for item in dossier.items.all()}
    for key, answer in given.items():
        one = asked[key]
        if answer.takes and one.suggestion and not one.is_about_a_certificate:
            for row in one.rows:
                changes.setdefault(by_position[row], {})[one.field] = one.suggestion
    # It moves the version on, with rows or without.
    dossier = save_rows(dossier, changes, actor=actor, now=now, version=version)
    data = {"kept": sum(not one.takes for one in given.values()), "rows": len(changes)}
    audit.record(dossier_act("dossier.answer_questions", dossier, data=data), actor=actor, now=now)
    return dossier
