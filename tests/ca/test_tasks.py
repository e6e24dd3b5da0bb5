"""The CA's background work, and where its keys may be used."""

from __future__ import annotations

import logging
from datetime import timedelta

import pytest
from celery.signals import worker_init
from django.utils import timezone

from portal.ca import tasks
from portal.ca.authority import ceremony, keystore
from portal.ca.models import Authority, Crl, RevocationReason
from portal.ca.register import services
from tests.ca import builders


@pytest.mark.django_db(transaction=True)
def test_a_worker_that_starts_may_sign_and_nobody_may_before() -> None:
    keystore.close()
    assert not keystore.is_open()

    worker_init.send(sender=None)

    assert keystore.is_open()
    keystore.close()


def test_the_list_follows_a_revocation(db: None, signing: None) -> None:
    now = timezone.now()
    ceremony.set_up(now=now)
    certificate = builders.certificate(now=now)
    services.revoke(certificate, RevocationReason.CESSATION, actor=None, now=now)

    tasks.publish_crl()
    tasks.publish_crl()

    assert [(list_.number, list_.entries) for list_ in Crl.objects.filter(ca="issuing")] == [
        (2, 1),
        (1, 0),
    ]


def test_the_responder_is_certified_anew_by_the_task(db: None, signing: None) -> None:
    ceremony.set_up(now=timezone.now() - timedelta(days=3))

    tasks.renew_responder()
    tasks.renew_responder()

    responders = Authority.objects.filter(role=Authority.Role.OCSP, signed_by="issuing")
    assert responders.count() == 2
    assert responders.get(is_current=True).not_after > timezone.now() + timedelta(days=3)


def test_without_a_ca_the_tasks_say_so_and_go_on(
    db: None, signing: None, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="portal.ca.tasks")

    tasks.publish_crl()
    tasks.renew_responder()

    assert "no revocation list" in caplog.text
    assert "no OCSP responder" in caplog.text
    assert not Crl.objects.exists()
