"""Indexes: none that another covers, none declared that the database has lost."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.apps import apps
from django.db import connection, models

from tests.architecture.sources import APPS


def own_models() -> Iterator[type[models.Model]]:
    return (one for one in apps.get_models() if one.__module__.partition(".")[0] in APPS)


def led_by(model: type[models.Model]) -> set[str]:
    """Return the fields that an index or a unique constraint over all rows begins with."""
    wide: list[models.Index | models.UniqueConstraint] = list(model._meta.indexes)
    wide += [one for one in model._meta.constraints if isinstance(one, models.UniqueConstraint)]
    over_all = [one.fields[0] for one in wide if one.fields and one.condition is None]
    together = [names[0] for names in model._meta.unique_together]
    return {name.removeprefix("-") for name in (*over_all, *together)}


def relations(model: type[models.Model]) -> list[Any]:
    return [one for one in model._meta.local_fields if isinstance(one, models.ForeignKey)]


def test_a_relation_has_no_index_beside_one_that_begins_with_it() -> None:
    covered = {
        f"{model._meta.label}.{field.name}"
        for model in own_models()
        for field in relations(model)
        if field.db_index and not field.unique and field.name in led_by(model)
    }

    assert covered == set(), "say db_index=False"


@pytest.mark.django_db
def test_the_database_has_every_index_and_constraint_that_is_declared() -> None:
    missing = set()
    for model in own_models():
        meta = model._meta
        with connection.cursor() as cursor:
            standing = connection.introspection.get_constraints(cursor, meta.db_table)
        declared = {one.name for one in (*meta.indexes, *meta.constraints)}
        missing |= {f"{meta.label}: {name}" for name in declared - standing.keys()}

    assert missing == set()
