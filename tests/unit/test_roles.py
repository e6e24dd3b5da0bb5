"""The table of roles: every role has its line, every capability is somebody's and is asked for."""

from __future__ import annotations

import re

from portal.core.roles import ROLES, Capability, Role, Scope, profile_of, roles_in, roles_that_can
from tests.architecture.sources import BASE, trees


def test_every_role_has_one_line() -> None:
    assert set(ROLES) == set(Role)


def test_every_capability_is_somebodys_and_is_asked_for() -> None:
    code = "".join((BASE / path).read_text() for path in trees() if path != "portal/core/roles.py")
    pages = "".join(page.read_text() for page in (BASE / "templates").rglob("*.html"))
    asked = {Capability[name] for name in re.findall(r"Capability\.([A-Z_]+)", code)}
    asked |= {Capability(name) for name in re.findall(r'\|can:"(\w+)"', pages)}

    assert {one for one in Capability if not roles_that_can(one)} == set()
    assert asked == set(Capability)


def test_an_account_without_a_role_may_do_nothing() -> None:
    assert profile_of("").scope is Scope.NONE
    assert not profile_of("").capabilities


def test_who_writes_or_signs_works_on_dossiers() -> None:
    acts = roles_that_can(
        Capability.DRAFT, Capability.SIGN_LETTERS, Capability.COVER_DOSSIERS,
        Capability.SIGN_COVERING_LETTERS,
    )  # fmt: skip

    assert acts <= roles_that_can(Capability.WORK_ON_DOSSIERS)
    assert roles_that_can(Capability.WORK_ON_DOSSIERS) <= roles_that_can(Capability.READ_DOSSIERS)


def test_who_reads_along_and_who_administers_write_nothing() -> None:
    for role in roles_in(Scope.TREE) | roles_in(Scope.NONE):
        assert Capability.WORK_ON_DOSSIERS not in profile_of(role).capabilities
