"""Every act that the code records can be read in words in the audit list."""

from __future__ import annotations

import ast
import re

from devices.lifecycle import Move
from portal.audit.words import groups, targets
from requests_app.workflow import Action
from tests.architecture.sources import nodes

KNOWN = {f"{group.code}.{name}" for group in groups().values() for name in group.words}
CODE = re.compile(r"(?P<group>[a-z]+)\.[a-z_]+")


ELSEWHERE = ("portal/demo/", "portal/audit/", "portal/api/")  # they record nothing of their own


def recorded() -> set[str]:
    """Return the strings in the code that read like the code of an act."""
    return {
        node.value
        for path, node in nodes()
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and not path.startswith(ELSEWHERE)
        and (code := CODE.fullmatch(node.value))
        and code["group"] in groups()
    }


def test_each_act_in_the_code_has_words() -> None:
    assert recorded() - KNOWN == set()


def test_each_step_of_the_tables_has_words() -> None:
    steps = {f"dossier.{action}" for action in Action} | {f"device.{move}" for move in Move}

    assert steps - KNOWN == set()


def test_each_kind_of_thing_has_words() -> None:
    kinds = {
        keyword.value.value
        for path, node in nodes()
        if isinstance(node, ast.Call) and not path.startswith(ELSEWHERE)
        for keyword in node.keywords
        if keyword.arg == "target_type"
        and isinstance(keyword.value, ast.Constant)
        and isinstance(keyword.value.value, str)
    }

    assert kinds - set(targets()) == set()
