"""Resets and new addresses: two persons, a link that only its owner gets, news of all of it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.core import mail
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from knox.models import AuthToken
from pytest_django import Settings

from portal.accounts import services
from portal.accounts.models import AccountChange, AccountNews, PasswordChoice, User
from portal.audit.models import AuditEntry
from portal.core.logs import JsonFormatter
from portal.core.roles import Role
from portal.core.rules import Refused
from portal.notices import delivery
from portal.notices.models import Mail, Notice
from tests import builders
from tests.accounts.cast import LINK, account, links_to
from tests.builders import NOW, PASSWORD

pytestmark = pytest.mark.django_db
GOOD = "núi cao sông dài 2026"
CHOOSE = reverse("accounts:choose_password")
DECIDES = [role for role in Role if role != Role.CLERK]


def _code(refusal: pytest.ExceptionInfo[Refused]) -> str:
    return refusal.value.violations[0].code


def _choice_of(user: User) -> PasswordChoice:
    """What the link mailed last to ``user`` opens."""
    token = links_to(user.email)[-1].rstrip("/").rpartition("/")[2]
    choice = services.choice_of_link(token, now=NOW)
    assert choice is not None
    return choice


@pytest.mark.parametrize("role", DECIDES)
def test_one_administrator_alone_sends_no_link_to_who_decides(role: Role) -> None:
    user, one = account(role), account(Role.ADMINISTRATOR)

    change = services.propose_reset(user, actor=one, now=NOW)

    assert services.send_links(now=NOW) == 0
    with pytest.raises(Refused) as refusal:
        services.confirm_change(change, actor=one, now=NOW)
    assert _code(refusal) == "not_a_second_person"


def test_a_clerks_link_goes_out_at_once_and_to_the_clerk_alone() -> None:
    clerk = account(Role.CLERK)

    services.propose_reset(clerk, actor=account(Role.ADMINISTRATOR), now=NOW)

    assert services.send_links(now=NOW) == 1
    assert [one.to for one in mail.outbox] == [[clerk.email]]
    clerk.refresh_from_db()
    assert clerk.check_password(PASSWORD), "the old one serves until the link is used"


def test_a_clerk_for_whom_a_role_is_proposed_is_reset_by_two() -> None:
    clerk, one = account(Role.CLERK), account(Role.ADMINISTRATOR)
    services.propose_role(clerk, role=Role.HEAD, agency=clerk.agency, actor=one, now=NOW)

    services.propose_reset(clerk, actor=one, now=NOW)

    assert services.send_links(now=NOW) == 0


def test_neither_the_owner_nor_a_second_account_of_the_proposer_confirms() -> None:
    user, one, other = (account(Role.ADMINISTRATOR) for _ in "abc")
    second = builders.user(Role.ADMINISTRATOR, person=one.person)
    change = services.propose_reset(user, actor=one, now=NOW)

    for actor, code in ((second, "not_a_second_person"), (user, "own_role")):
        with pytest.raises(Refused) as refusal:
            services.confirm_change(change, actor=actor, now=NOW)
        assert _code(refusal) == code
    services.confirm_change(change, actor=other, now=NOW)


def test_only_administrators_ask_and_confirm() -> None:
    head = account(Role.HEAD)
    clerk = account(Role.CLERK, agency=head.agency)
    change = services.propose_address(
        clerk, "moi@laichau.gov.vn", actor=account(Role.ADMINISTRATOR), now=NOW
    )

    with pytest.raises(PermissionDenied):
        services.propose_reset(clerk, actor=head, now=NOW)
    with pytest.raises(PermissionDenied):
        services.confirm_change(change, actor=head, now=NOW)


def test_nobody_resets_an_own_account_here() -> None:
    one = account(Role.ADMINISTRATOR)
    own = builders.user(Role.CLERK, person=one.person)

    with pytest.raises(Refused) as refusal:
        services.propose_reset(own, actor=one, now=NOW)
    assert _code(refusal) == "own_account"
    with pytest.raises(Refused) as refusal:
        services.propose_address(own, "moi@laichau.gov.vn", actor=one, now=NOW)
    assert _code(refusal) == "own_account"


def test_the_database_knows_no_change_that_one_person_made_alone() -> None:
    one, officer = account(Role.ADMINISTRATOR), account(Role.OFFICE_OFFICER)
    rows = {"user": officer, "proposed_by": one, "proposed_at": NOW, "decided_at": NOW}
    link, address = AccountChange.Kind.RESET_BY_LINK, AccountChange.Kind.ADDRESS

    for wrong in (
        {"kind": link, "is_confirmed": True},
        {"kind": link, "is_confirmed": True, "decided_by": one},
        {"kind": address, "address": "x@a.gov.vn", "needs_second": False, "is_confirmed": True},
        {"kind": address},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            AccountChange.objects.create(**rows, **wrong)


def test_the_owner_chooses_and_looks_on_for_a_day(client: Client) -> None:
    officer, one, other = account(Role.OFFICE_OFFICER), *(account(Role.ADMINISTRATOR) for _ in "ab")
    AuthToken.objects.create(user=officer)
    session = Client()
    session.force_login(officer)
    change = services.propose_reset(officer, actor=one, now=timezone.now())
    services.confirm_change(change, actor=other, now=timezone.now())
    services.send_links(now=timezone.now())

    opened = client.get(links_to(officer.email)[0])
    page = client.get(opened["Location"])
    weak = client.post(CHOOSE, {"new_password": "matkhau123", "repeated": "matkhau123"})
    done = client.post(CHOOSE, {"new_password": GOOD, "repeated": GOOD})

    assert opened["Location"] == CHOOSE
    assert opened["Referrer-Policy"] == "no-referrer"
    for answer in (opened, page):
        assert "no-store" in answer["Cache-Control"]
    assert officer.username in page.content.decode()
    assert "dễ đoán" in weak.content.decode()
    assert done["Location"] == reverse("accounts:login")
    officer.refresh_from_db()
    assert officer.check_password(GOOD)
    assert officer.look_only_until is not None
    left = officer.look_only_until - timezone.now()
    assert timedelta(hours=23, minutes=59) < left <= timedelta(hours=24)
    assert not AuthToken.objects.exists()
    assert session.get("/").status_code == 302, "older sessions are over"


def test_a_link_is_used_once(client: Client) -> None:
    clerk = account(Role.CLERK)
    services.propose_reset(clerk, actor=account(Role.ADMINISTRATOR), now=timezone.now())
    services.send_links(now=timezone.now())
    link = links_to(clerk.email)[0]
    client.get(link)
    client.post(CHOOSE, {"new_password": GOOD, "repeated": GOOD})

    again = Client()
    page = again.get(link, follow=True)
    answer = again.post(CHOOSE, {"new_password": PASSWORD, "repeated": PASSWORD})

    assert 'data-code="link_is_over"' in page.content.decode()
    assert 'data-code="link_is_over"' in answer.content.decode()
    clerk.refresh_from_db()
    assert clerk.check_password(GOOD)


def test_opening_a_link_uses_nothing_up() -> None:
    clerk = account(Role.CLERK)
    services.propose_reset(clerk, actor=account(Role.ADMINISTRATOR), now=timezone.now())
    services.send_links(now=timezone.now())
    link = links_to(clerk.email)[0]

    for _scanner in range(3):
        Client().get(link)

    client = Client()
    assert 'name="new_password"' in client.get(link, follow=True).content.decode()


@pytest.mark.parametrize("change", ["password", "address", "role", "closed", "late", "newer"])
def test_a_link_ends_with_what_it_was_made_for(change: str) -> None:
    clerk, one, other = account(Role.CLERK), *(account(Role.ADMINISTRATOR) for _ in "ab")
    services.propose_reset(clerk, actor=one, now=NOW)
    services.send_links(now=NOW)
    choice, later = _choice_of(clerk), NOW + timedelta(minutes=1)

    match change:
        case "password":
            clerk = services.change_password(clerk, "trâu đi cày ruộng sâu", actor=clerk, now=NOW)
        case "address":
            asked = services.propose_address(clerk, "moi@laichau.gov.vn", actor=one, now=NOW)
            services.confirm_change(asked, actor=other, now=NOW)
        case "role":
            grant = services.propose_role(
                clerk, role=Role.HEAD, agency=clerk.agency, actor=one, now=NOW
            )
            services.confirm_role(grant, actor=other, now=NOW)
        case "closed":
            services.deactivate(clerk, actor=one, now=NOW)
        case "late":
            later = NOW + timedelta(hours=24)
        case "newer":
            services.propose_reset(clerk, actor=one, now=NOW)

    with pytest.raises(Refused) as refusal:
        services.choose_password(choice, GOOD, now=later)
    assert _code(refusal) == "link_is_over"


def test_the_secret_is_in_the_mail_alone(
    client: Client, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    officer, one, other = account(Role.OFFICE_OFFICER), *(account(Role.ADMINISTRATOR) for _ in "ab")
    change = services.propose_reset(officer, actor=one, now=timezone.now())
    services.confirm_change(change, actor=other, now=timezone.now())
    services.send_links(now=timezone.now())
    delivery.send_waiting(now=timezone.now())
    link = links_to(officer.email)[0]
    token = link.rstrip("/").rpartition("/")[2]
    client.get(link)
    client.put(link)  # what the framework logs of a refused method names the path

    tables = [AuditEntry, Mail, Notice, PasswordChoice, AccountChange, AccountNews, User]
    written = str([list(model.objects.values()) for model in tables])  # type: ignore[attr-defined]

    assert token not in written
    assert token not in str(dict(client.session))
    lines = [JsonFormatter().format(record) for record in caplog.records]
    assert any("/dat-mat-khau/" in line for line in lines)
    assert not any(token in line for line in lines)


def test_a_demonstration_shows_no_administrator_the_link(
    client: Client, settings: Settings, tmp_path: object
) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    settings.EMAIL_FILE_PATH = str(tmp_path)
    clerk, one = account(Role.CLERK), account(Role.ADMINISTRATOR)
    services.propose_reset(clerk, actor=one, now=timezone.now())
    services.send_links(now=timezone.now())
    client.force_login(one)

    page = client.get(reverse("notices:outbox")).content.decode()

    assert clerk.email in page, "the mail is listed"
    assert not LINK.search(page)


def test_a_link_that_could_not_be_sent_is_tried_again_with_another(settings: Settings) -> None:
    clerk = account(Role.CLERK)
    services.propose_reset(clerk, actor=account(Role.ADMINISTRATOR), now=NOW)
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9  # nobody listens

    assert services.send_links(now=NOW) == 0

    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    assert services.send_links(now=NOW) == 0, "not at once"
    assert services.send_links(now=NOW + timedelta(minutes=6)) == 1
    assert services.send_links(now=NOW + timedelta(minutes=12)) == 0
    assert _choice_of(clerk).sent_at is not None


def test_an_address_is_changed_by_two_and_both_hear_of_it() -> None:
    officer = account(Role.OFFICE_OFFICER)
    head = account(Role.OFFICE_HEAD, agency=officer.agency)
    one, other = (account(Role.ADMINISTRATOR) for _ in "ab")
    AuthToken.objects.create(user=officer)
    old = officer.email

    change = services.propose_address(officer, "moi@laichau.gov.vn", actor=one, now=NOW)
    officer.refresh_from_db()
    assert officer.email == old
    services.confirm_change(change, actor=other, now=NOW)
    delivery.send_waiting(now=NOW)

    officer.refresh_from_db()
    assert officer.email == "moi@laichau.gov.vn"
    assert officer.look_only_until == NOW + timedelta(hours=24)
    assert not AuthToken.objects.exists()
    told = {(one.to[0], "đã được đổi" in str(one.subject)) for one in mail.outbox}
    assert {(old, True), ("moi@laichau.gov.vn", True), (old, False)} <= told
    assert Notice.objects.filter(recipient=head).count() == 2


def test_owner_and_head_hear_when_a_reset_is_asked_confirmed_and_used() -> None:
    officer = account(Role.OFFICE_OFFICER)
    head = account(Role.OFFICE_HEAD, agency=officer.agency)
    stranger = account(Role.OFFICE_HEAD)
    one, other = (account(Role.ADMINISTRATOR) for _ in "ab")

    change = services.propose_reset(officer, actor=one, now=NOW)
    services.confirm_change(change, actor=other, now=NOW)
    services.send_links(now=NOW)
    services.choose_password(_choice_of(officer), GOOD, now=NOW)
    for _twice in range(2):
        delivery.send_waiting(now=NOW)

    assert Notice.objects.filter(recipient=officer).count() == 3
    assert Notice.objects.filter(recipient=head).count() == 3
    assert not Notice.objects.filter(recipient=stranger).exists()
    mails = [one for one in mail.outbox if one.to == [officer.email]]
    assert len(mails) == 4  # the link, and one for each
    assert not any(LINK.search(str(one.body)) for one in mails[1:])
    assert {one.to[0] for one in mail.outbox} == {officer.email, head.email}


def test_who_has_an_account_hears_of_another_in_the_same_name() -> None:
    officer, one = account(Role.OFFICE_OFFICER), account(Role.ADMINISTRATOR)
    assert officer.person is not None
    facts = services.AccountFacts(
        username="thu.hai",
        full_name=officer.person.name,
        identity_number=officer.person.identity_number,
        agency=builders.agency(),
        birth_on=officer.person.birth_on,
        email="ke.khac@laichau.gov.vn",
    )

    services.create_account(facts, role=Role.CLERK, actor=one, now=NOW)

    news = AccountNews.objects.get()
    assert (news.user, news.kind) == (officer, AccountNews.Kind.SECOND_ACCOUNT)


def test_without_a_mailbox_two_administrators_hold_half_a_code_each(client: Client) -> None:
    head, one, other = account(Role.HEAD), *(account(Role.ADMINISTRATOR) for _ in "ab")
    User.objects.filter(pk=head.pk).update(email="")
    pages = {user: Client() for user in (one, other)}
    for user, page in pages.items():
        page.force_login(user)
    ask = reverse("accounts:propose_reset", args=[head.uuid])

    refused = pages[one].post(ask).content.decode()
    first = _half(pages[one].post(ask, {"by": "code"}).content.decode())
    confirm = reverse("accounts:confirm_change", args=[AccountChange.objects.get().uuid])
    pages[one].post(confirm)
    assert not PasswordChoice.objects.exists(), "not with one's own"
    second = _half(pages[other].post(confirm).content.decode())

    assert 'data-code="no_mailbox"' in refused
    for user, page in pages.items():
        for path in (reverse("accounts:detail", args=[head.uuid]), reverse("accounts:grants")):
            seen = page.get(path).content.decode()
            assert first not in seen, user
            assert second not in seen, user
    typed = {"username": head.username, "first": first, "second": second}
    enter = reverse("accounts:enter_code")
    assert client.post(enter, typed | {"second": first}).status_code == 200
    client.post(enter, typed | {"first": first.replace("-", "").upper()})
    done = client.post(CHOOSE, {"new_password": GOOD, "repeated": GOOD})
    assert done["Location"] == reverse("accounts:login")
    head.refresh_from_db()
    assert head.check_password(GOOD)
    assert head.look_only_until is not None


def _half(page: str) -> str:
    half = page.partition('id="nua-ma">')[2].partition("<")[0]
    assert len(half) == 11
    return half


def test_half_a_code_is_not_guessed() -> None:
    head, one, other = account(Role.HEAD), *(account(Role.ADMINISTRATOR) for _ in "ab")
    User.objects.filter(pk=head.pk).update(email="")
    change, first = services.propose_code(head, actor=one, now=timezone.now())
    second = services.confirm_change(change, actor=other, now=timezone.now())
    client, typed = Client(), {"username": head.username, "first": first}
    for guess in range(6):
        client.post(reverse("accounts:enter_code"), typed | {"second": f"aaaaa-aaaa{guess}"})

    answer = client.post(reverse("accounts:enter_code"), typed | {"second": second})

    assert "Đã nhập sai quá nhiều lần" in answer.content.decode()


@pytest.mark.django_db(transaction=True)
def test_two_confirm_at_once_and_one_link_is_made() -> None:
    officer, one, *others = (
        account(Role.OFFICE_OFFICER),
        *(account(Role.ADMINISTRATOR) for _ in "abc"),
    )
    change = services.propose_reset(officer, actor=one, now=NOW)
    barrier = Barrier(2)

    def confirm(actor: User) -> str:
        barrier.wait()
        try:
            services.confirm_change(change, actor=actor, now=NOW)
        except Refused as refusal:
            return refusal.violations[0].code
        finally:
            connection.close()
        return "done"

    with ThreadPoolExecutor(2) as pool:
        outcomes = sorted(pool.map(confirm, others))

    assert outcomes == ["already_decided", "done"]
    assert PasswordChoice.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_link_used_twice_at_once_sets_one_password() -> None:
    clerk = account(Role.CLERK)
    services.propose_reset(clerk, actor=account(Role.ADMINISTRATOR), now=NOW)
    services.send_links(now=NOW)
    choice = _choice_of(clerk)
    barrier = Barrier(2)

    def choose(password: str) -> str:
        barrier.wait()
        try:
            services.choose_password(choice, password, now=NOW)
        except Refused as refusal:
            return refusal.violations[0].code
        finally:
            connection.close()
        return "done"

    with ThreadPoolExecutor(2) as pool:
        outcomes = sorted(pool.map(choose, [GOOD, "trâu đi cày ruộng sâu"]))

    assert outcomes == ["done", "link_is_over"]


def test_each_act_about_an_address_is_recorded_as_one() -> None:
    clerk, one, other = account(Role.CLERK), *(account(Role.ADMINISTRATOR) for _ in "ab")
    for end, actor in (
        (services.withdraw_change, one),
        (services.decline_change, other),
        (services.confirm_change, other),
    ):
        asked = services.propose_address(clerk, "moi@laichau.gov.vn", actor=one, now=NOW)
        end(asked, actor=actor, now=NOW)

    names = ("withdraw", "decline", "confirm")
    assert list(AuditEntry.objects.order_by("pk").values_list("action", flat=True)) == [
        act for name in names for act in ("user.propose_address", f"user.{name}_address")
    ]
    assert "moi@laichau.gov.vn" not in str(list(AuditEntry.objects.values()))
