"""Accounts come in as proposals: an administrator takes them over, another person confirms each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from portal.accounts import services as accounts
from portal.accounts.models import User
from portal.accounts.rules import role_fits_body
from portal.core.roles import Capability, Role
from portal.core.rules import Refused
from portal.core.text.identifiers import check_identity_number, check_official_email
from portal.core.text.vietnamese import search_key
from portal.core.web.waiting import Waiting
from portal.estate.contents import cells_of, identity_of
from portal.estate.models import DeliveredRow, Delivery, Verdict

if TYPE_CHECKING:
    from portal.estate.verdicts import Judge, Judgement

# A press is answered within seconds.
AT_ONCE = 50  # proposals of one press


def role_of(text: str) -> Role | None:
    """Return the role whose name a list writes, or begins so that it can be no other."""
    typed = search_key(text)
    named = {role: search_key(str(role.label)) for role in Role}
    found = [role for role, label in named.items() if label == typed]
    found = found or [role for role, label in named.items() if typed and label.startswith(typed)]
    return found[0] if len(found) == 1 else None


def judge_account(judge: Judge, one: Judgement, said: Mapping[str, str]) -> None:
    """Judge a row of a list of accounts: everything a proposal needs must be there."""
    facts, username = one.facts, said.get("username", "").strip()
    role = role_of(said.get("role", ""))
    if not username or not facts.name:
        one.refuse("name", "no_account_name")
    if role is None:
        one.refuse("role", "unknown_role", said.get("role", "")[:100])
    if check_identity_number(facts.identity):
        one.refuse("identity", "bad_identity")
    if not facts.email or check_official_email(facts.email):
        one.refuse("email", "not_official_email", facts.email)
    judge.find_body(one)
    if one.verdict == Verdict.REFUSED or one.doubts:
        one.verdict = one.verdict or Verdict.DOUBTFUL
    elif username.casefold() in judge.usernames:
        one.verdict = Verdict.SAME
    elif one.agency is not None and role and role_fits_body(role, one.agency.kind):
        one.refuse("role", "role_of_other_bodies", said["role"][:100])
    else:
        one.verdict = Verdict.NEW


def waiting(user: User) -> QuerySet[DeliveredRow]:
    """Return what came in of accounts and no administrator has taken over yet."""
    if not user.can(Capability.ADMINISTER):
        return DeliveredRow.objects.none()
    rows = DeliveredRow.objects.filter(
        about=DeliveredRow.About.ACCOUNT, carried_at__isnull=False, made_grant__isnull=True
    )
    return rows.filter(verdict=Verdict.NEW).select_related("delivery__office", "agency", "file")


def propose(user: User, *, now: datetime) -> tuple[int, int]:
    """Make the next accounts that wait, each with its role proposed by ``user``; return how many,
    and how many could not be proposed: those rows say why. Each is a transaction of its own."""
    if not user.can(Capability.ADMINISTER):
        raise PermissionDenied("only an administrator proposes accounts")
    made = refused = 0
    for pk in list(waiting(user).order_by("pk").values_list("pk", flat=True)[:AT_ONCE]):
        with transaction.atomic():
            # The delivery is locked, its rows with it (decision 24).
            Delivery.objects.select_for_update(of=("self",), no_key=True).get(rows__pk=pk)
            row = DeliveredRow.objects.select_related("agency", "file").get(pk=pk)
            if row.made_grant_id is not None:
                continue
            facts, role = facts_of(row)
            try:
                with transaction.atomic():
                    row.made_grant = accounts.create_account(facts, role=role, actor=user, now=now)
                made += 1
            except Refused as why:
                row.verdict = Verdict.REFUSED
                row.findings = [["name", "account_refused", why.violations[0].sentence]]
                refused += 1
            row.save(update_fields=["made_grant", "verdict", "findings"])
    return made, refused


def facts_of(row: DeliveredRow) -> tuple[accounts.AccountFacts, Role]:
    """Return the account a row asks for, and its role."""
    said = cells_of(row, row.file.columns if row.file else {})
    assert row.agency is not None
    facts = accounts.AccountFacts(
        username=said["username"],
        full_name=said["name"],
        identity_number=identity_of(said.get("identity", "")),
        agency=row.agency,
        position=said.get("position", "")[:120],
        email=said["email"].lower(),
    )
    role = role_of(said["role"])
    assert role is not None  # judged
    return facts, role


def waiting_of(user: User) -> Iterator[Waiting]:
    """Say on an administrator's work list how many accounts wait to be proposed."""
    if count := waiting(user).order_by().count():
        path = reverse("estate:accounts")
        yield Waiting(count, _("tài khoản có từ trước chờ đề nghị"), _("Đề nghị"), path)
