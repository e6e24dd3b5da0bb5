"""A role is compared in the table of roles and in the tables of steps, nowhere else."""

from __future__ import annotations

import ast
import re

import pytest

from portal.core.roles import Role
from tests.architecture.sources import BASE, nodes, trees

TABLES = {
    "portal/core/roles.py",
    "portal/accounts/rules.py",  # whose password one administrator may reset
    "portal/accounts/services/accounts.py",  # the first two administrators
    "portal/notices/reminders.py",  # whom a delay is told, in which order
    "requests_app/workflow.py",
    "requests_app/letter_workflow.py",
    "requests_app/paper_workflow.py",
    "devices/lifecycle.py",
    "orgmerge/workflow.py",
}
# Looks the lines up by role.
LOOK_UPS = {
    "portal/core/steps.py",
    "requests_app/management/commands/workflow_diagram.py",
    "devices/management/commands/write_device_lifecycle.py",
}
MADE_UP = ("portal/demo/", "orgmerge/seeding/")
GROUPS = {"AGENCY_ROLES", "OFFICE_ROLES", "CA_ROLES"}


def names_a_role(node: ast.AST) -> bool:
    """Say whether a node is one role, a group of them, or a comparison with a user's role."""
    match node:
        case ast.Attribute(value=ast.Name(id="Role"), attr=name):
            return name in Role.__members__
        case ast.Name(id=name):
            return name in GROUPS
        case ast.Compare(left=left, comparators=others):
            return any(isinstance(one, ast.Attribute) and one.attr == "role"
                       for one in [left, *others])  # fmt: skip
        case ast.Match(subject=ast.Attribute(attr="role")):
            return True
    return False


def knows_roles_of_users(tree: ast.Module) -> bool:
    """Say whether a module means users' roles: the CA's keys and signatures have roles too."""
    return not any(
        isinstance(node, ast.ImportFrom)
        and any(alias.name in {"SignatureRole", "Authority"} for alias in node.names)
        for node in ast.walk(tree)
    ) or any(
        isinstance(node, ast.ImportFrom) and node.module == "portal.core.roles"
        for node in ast.walk(tree)
    )


def test_roles_are_compared_in_the_tables_alone() -> None:
    meant = {
        path
        for path, tree in trees().items()
        if path not in TABLES | LOOK_UPS
        and not path.startswith(MADE_UP)
        and knows_roles_of_users(tree)
    }
    found = {
        f"{path}:{node.lineno}"  # type: ignore[attr-defined]
        for path, node in nodes()
        if path in meant and names_a_role(node)
    }

    assert found == set()


def test_pages_ask_for_no_role() -> None:
    compared = re.compile(r"\brole\s*(?:==|!=|in\b|not in\b)")
    found = {
        str(page.relative_to(BASE))
        for page in (BASE / "templates").rglob("*.html")
        if compared.search(page.read_text())
    }

    assert found == set()


@pytest.mark.parametrize(
    "written",
    [
        "user.role == wanted",
        "wanted != request.user.role",
        "user.role not in wanted",
        "Role.CLERK",
        "CA_ROLES",
        "match user.role:\n    case 'clerk':\n        pass",
    ],
)
def test_the_search_would_find_a_comparison(written: str) -> None:
    assert any(names_a_role(node) for node in ast.walk(ast.parse(written)))


def test_the_search_lets_a_look_up_pass() -> None:
    written = "steps_open_to(user.role, state=state) and Role.choices and user.can(wanted)"

    assert not any(names_a_role(node) for node in ast.walk(ast.parse(written)))
