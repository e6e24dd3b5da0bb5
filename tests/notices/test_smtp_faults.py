"""A real mail server that refuses, hangs, dies or forgets to answer: no mail is lost."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from threading import Barrier

import pytest
from django.conf import settings as django_settings
from django.db import connection
from pytest_django import Settings

from portal.accounts.models import User
from portal.core.roles import Role
from portal.notices import delivery, services
from portal.notices.channels import mail as mailing
from portal.notices.models import MOST_TRIES, Mail
from tests import builders
from tests.builders import NOW
from tests.notices.smtp_server import AFTER_DATA, CLOSE, GREETING, HANG, MailServer, mail_server
from tests.notices.smtp_server import well_behaved as well

pytestmark = pytest.mark.django_db
TOLD = NOW - timedelta(minutes=2)  # settled by NOW
PATIENCE = 0.4  # seconds the portal waits for an answer
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
BAD = "khong.co@laichau.gov.vn"


@pytest.fixture
def server(settings: Settings) -> Iterator[MailServer]:
    """A real server that the portal sends to."""
    with mail_server() as opened:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", opened.port
        settings.EMAIL_TIMEOUT = PATIENCE
        yield opened


def _people(count: int) -> list[User]:
    people = [builders.user(Role.CLERK) for _number in range(count)]
    services.tell(people, cause="returned", title="Hồ sơ bị trả lại", now=TOLD)
    return people


def _sweep(after: timedelta = timedelta()) -> int:
    return delivery.send_waiting(now=NOW + after)


def test_a_mail_arrives_in_vietnamese_as_text_and_as_html(server: MailServer) -> None:
    (person,) = _people(1)

    assert _sweep() == 1

    (mail,) = server.taken
    assert mail["To"] == person.email
    assert mail["Subject"] == "Hồ sơ bị trả lại"
    assert mail["Message-ID"] == Mail.objects.get().message_id
    kinds = [part.get_content_type() for part in mail.walk()]
    assert kinds == ["multipart/alternative", "text/plain", "text/html"]
    assert f"Kính gửi {person.full_name}" in mail.get_body(("plain",)).get_content()  # type: ignore[union-attr]


def test_many_mails_go_over_one_connection(server: MailServer) -> None:
    _people(5)

    assert _sweep() == 5
    assert Counter(server.words)[GREETING] == 1


def test_one_bad_address_among_many_holds_up_nobody(server: MailServer) -> None:
    people = _people(4)
    User.objects.filter(pk=people[1].pk).update(email=BAD)
    server.rule = lambda word, rest: "550 who?" if word == "RCPT" and BAD in rest else None

    assert _sweep() == 3

    mail = Mail.objects.get(sent_at__isnull=True)
    assert (mail.address, mail.attempts) == (BAD, 1)
    assert mail.problem == "Máy chủ thư không nhận địa chỉ này (550)"
    assert BAD not in server.addresses


@pytest.mark.parametrize("answer", ["451 later", "554 no"])
@pytest.mark.parametrize("word", ["MAIL", "RCPT", "DATA", AFTER_DATA])
def test_what_is_refused_for_now_goes_later_as_the_same_mail(
    server: MailServer, word: str, answer: str
) -> None:
    _people(1)
    server.rule = lambda said, _rest: answer if said == word else None

    assert _sweep() == 0

    mail = Mail.objects.get()
    assert mail.attempts == 1
    assert mail.last_error.endswith(answer[:3])
    server.rule = well
    assert _sweep(MINUTE) == 0  # not before its time
    assert _sweep(MINUTE + timedelta(seconds=1)) == 1
    assert set(server.message_ids) == {mail.message_id}


@pytest.mark.parametrize("trouble", [HANG, CLOSE, "421 busy", "554 go away"])
def test_a_server_that_takes_nobody_is_no_fault_of_the_mails(
    server: MailServer, trouble: str
) -> None:
    _people(3)
    server.rule = lambda word, _rest: trouble if word == GREETING else None
    began = time.monotonic()

    for number in range(MOST_TRIES + 1):
        assert _sweep(number * MINUTE) == 0

    assert time.monotonic() - began < (MOST_TRIES + 1) * (PATIENCE + 1)  # one try a sweep
    assert set(Mail.objects.values_list("attempts", flat=True)) == {0}
    server.rule = well
    assert _sweep(DAY) == 3
    assert len(server.taken) == 3


def test_nobody_at_the_port_is_no_fault_of_the_mails(
    server: MailServer, settings: Settings
) -> None:
    _people(2)
    settings.EMAIL_PORT = 9  # nobody listens there

    assert _sweep() == 0

    assert set(Mail.objects.values_list("attempts", flat=True)) == {0}
    settings.EMAIL_PORT = server.port
    assert _sweep(DAY) == 2


def test_who_is_sent_away_with_421_comes_back_with_the_rest(server: MailServer) -> None:
    _people(5)
    server.rule = lambda word, _rest: (
        "421 enough for now" if word == "MAIL" and len(server.taken) % 2 else None
    )

    sent = [_sweep(number * mailing.SERVER_LOST_WAIT * 2) for number in range(5)]

    assert sent[0] == 1
    assert Mail.objects.filter(sent_at__isnull=True, attempts__gt=0).count() == 0
    server.rule = well
    assert sum(sent) + _sweep(DAY) == 5
    assert len(set(server.message_ids)) == len(server.taken) == 5


@pytest.mark.parametrize("trouble", [HANG, CLOSE])
@pytest.mark.parametrize("word", ["MAIL", "RCPT", "DATA", AFTER_DATA])
def test_a_server_lost_over_one_mail_gets_it_again_and_the_others_meanwhile(
    server: MailServer, word: str, trouble: str
) -> None:
    _people(3)
    server.rule = lambda said, _rest: trouble if said == word else None
    assert _sweep() == 0
    server.rule = well

    assert _sweep(timedelta(seconds=10)) == 2
    assert _sweep(2 * MINUTE) == 1

    assert set(server.message_ids) == set(Mail.objects.values_list("message_id", flat=True))
    # Repeated only where the server had the whole mail and its answer was not heard.
    assert len(server.taken) == (4 if word == AFTER_DATA else 3)


def test_a_server_that_never_says_it_has_a_mail_is_not_given_it_for_ever(
    server: MailServer,
) -> None:
    _people(1)
    server.rule = lambda word, _rest: CLOSE if word == AFTER_DATA else None

    for number in range(MOST_TRIES + 5):
        assert _sweep(number * DAY) == 0

    assert server.message_ids == [Mail.objects.dead().get().message_id] * MOST_TRIES


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_send_no_mail_twice(server: MailServer) -> None:
    _people(20)
    ready = Barrier(2)

    def work(_number: int) -> int:
        ready.wait()
        try:
            return _sweep()
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        sent = sum(pool.map(work, range(2)))

    assert sent + _sweep() == 20
    assert len(set(server.message_ids)) == len(server.taken) == 20


@pytest.mark.django_db(transaction=True)
def test_what_a_killed_worker_had_in_hand_goes_when_its_lease_is_over(
    server: MailServer, tmp_path: Path
) -> None:
    _people(1)
    mailing.bundle(now=NOW)
    server.rule = lambda word, _rest: HANG if word == AFTER_DATA else None

    worker = _worker(server, tmp_path)
    assert server.has_taken.wait(60)
    os.kill(worker.pid, signal.SIGKILL)
    worker.wait()

    server.rule = well
    assert _sweep(mailing.LEASE) == 0
    assert _sweep(mailing.LEASE + timedelta(seconds=1)) == 1
    assert server.message_ids == [Mail.objects.get().message_id] * 2


def _worker(server: MailServer, folder: Path) -> subprocess.Popen[bytes]:
    """Start a process that sends what waits in the database of this test."""
    code = (
        "import django; django.setup(); from datetime import datetime; "
        "from portal.notices.channels import mail as mailing; "
        f"mailing.send_pending(now=datetime.fromisoformat({NOW.isoformat()!r}))"
    )
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "portal.settings",
        "DEBUG": "1",
        "DATA_DIR": str(folder),
        "DATABASE_URL": _url_of_the_database(),
        "EMAIL_URL": f"smtp://127.0.0.1:{server.port}",
    }
    return subprocess.Popen(
        [sys.executable, "-c", code], cwd=django_settings.BASE_DIR, env=environment
    )


def _url_of_the_database() -> str:
    config = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{config['NAME']}"
    secret = f":{config['PASSWORD']}" if config["PASSWORD"] else ""
    host = f"{config['HOST'] or '127.0.0.1'}:{config['PORT'] or 5432}"
    return f"postgres://{config['USER']}{secret}@{host}/{config['NAME']}"
