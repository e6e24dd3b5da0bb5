"""The order of locks: the list is whole, its page says the same, and a breach of it is seen."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.apps import apps
from django.db import transaction
from django.utils import timezone

from portal.audit import services as audit
from portal.core.database.locks import AFTER_HEAD, HEAD, ORDER, PARTS
from requests_app.models import Dossier
from tests import builders
from tests.flows.locks import watched

PAGE = Path(__file__).parents[2] / "docs" / "decisions" / "0024-order-of-locks.md"


def test_each_name_is_a_table_and_stands_once() -> None:
    tables = {model._meta.db_table for model in apps.get_models(include_auto_created=True)}
    assert {*ORDER, *PARTS, *AFTER_HEAD} <= tables
    assert len(ORDER) == len(set(ORDER))
    assert set(ORDER) >= {whole for wholes in PARTS.values() for whole in wholes}


def test_the_page_lists_the_tables_in_this_order() -> None:
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    listed = [line.split("`")[1] for line in lines if line[:1].isdigit() and "`" in line]
    assert tuple(listed) == ORDER


@pytest.mark.postgresql
@pytest.mark.django_db
def test_a_breach_is_seen() -> None:
    dossier = builders.dossier()

    with watched() as kept, transaction.atomic():
        Dossier.objects.select_for_update(no_key=True).get(pk=dossier.pk)
        dossier.items.update(title="Tên khác")
        audit.lock_chain()
    with watched() as turned, transaction.atomic():
        audit.lock_chain()
        Dossier.objects.filter(pk=dossier.pk).update(updated_at=timezone.now())
    with watched() as whole, transaction.atomic():
        list(Dossier.objects.select_for_update().values_list("pk"))
    with watched() as unknown, transaction.atomic():
        Dossier.objects.filter(pk=dossier.pk).update(updated_at=timezone.now())
        dossier.agency.versions.update(name="Tên khác")

    assert kept.faults() == []
    (fault,) = turned.faults()
    assert fault.startswith(f"requests_app_dossier after the head of the audit chain: ['{HEAD}'")
    assert whole.faults() == ["requests_app_dossier FOR UPDATE without no_key"]
    (fault,) = unknown.faults()
    assert fault.startswith("agencies_agencyversion is not in the order")
