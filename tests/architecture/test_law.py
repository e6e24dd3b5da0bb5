"""A number of the law stands once: set another, and every sentence of the portal says it.

What pages say is read by those who walk every route (test_access.py).
"""

from __future__ import annotations

import ast
import pkgutil
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from importlib import import_module
from types import ModuleType
from typing import Any

import pytest
from django.test import override_settings
from django.utils.functional import Promise

from devices import services as devices
from devices.lifecycle import Custody
from portal.ca.models import Certificate, RevocationReason
from portal.ca.register.services import revoke
from portal.core import law
from portal.core.web.views_help import guides
from portal.notices.models import Notice
from requests_app import rulebook
from tests.architecture.sources import BASE, nodes, trees
from tests.builders import NOW
from tests.devices.builders import device_at

# The return of devices, by its figure; the ages of a backlog ("4–5 ngày", "trên 5 ngày") are none.
# The figure stands first: whole pages are searched.
OF_BEFORE = re.compile(r"5(?:(?<=\b5)(?<!–5)(?<!trên 5)|(?<=\b05))\s+ngày")
# A term written out: "30 ngày", "05 ngày làm việc", "7 ngày".
WRITTEN_OUT = re.compile(r"\b(?:0?[1357]|30|60) ngày(?: làm việc)?\b")
NOT_THE_LAWS = ("portal/demo/", "requests_app/pages/desks.py")  # made up; the ages
NO_TERM = re.compile("Trước hạn 2 ngày|của 30 và 90 ngày qua")  # when a clock speaks; a median
PACKAGES = ("portal", "requests_app", "devices", "orgmerge")


@contextmanager
def seven_days() -> Iterator[None]:
    """The return of devices has seven days; what else has five, six."""
    told = override_settings(CA_TOLD_AFTER_WORKING_DAYS=6)
    with pytest.MonkeyPatch.context() as patch, told:
        patch.setattr(law, "RETURN_WORKING_DAYS", 7)
        yield


@pytest.fixture(autouse=True)
def _seven_days() -> Iterator[None]:
    with seven_days():
        yield


def modules() -> Iterator[ModuleType]:
    """Import and yield every module of ours but migrations and settings."""
    for package in PACKAGES:
        for found in pkgutil.walk_packages(import_module(package).__path__, f"{package}."):
            if ".migrations" not in found.name and not found.name.startswith("portal.settings"):
                yield import_module(found.name)


def sentences(value: Any, seen: set[int]) -> Iterator[str]:
    """Yield the texts in a value and in what it holds, as they would be shown now."""
    if isinstance(value, str | Promise):
        yield str(value)
    if id(value) in seen or isinstance(value, str | bytes | Promise):
        return
    seen.add(id(value))
    if isinstance(value, Mapping):
        for one in value.values():
            yield from sentences(one, seen)
    elif isinstance(value, Sequence | set | frozenset):
        for one in value:
            yield from sentences(one, seen)
    elif is_dataclass(value) and not isinstance(value, type):
        for field in fields(value):
            yield from sentences(getattr(value, field.name), seen)


def test_what_modules_say_follows() -> None:
    found = {
        f"{module.__name__}: {text}"
        for module in modules()
        for name, value in vars(module).items()
        if not name.startswith("__")
        for text in sentences(value, set())
        if OF_BEFORE.search(text)
    }

    assert found == set()


def test_guides_and_rules_follow() -> None:
    shown = [guide.html for guide in guides().values()]

    assert not [text for text in shown if OF_BEFORE.search(text)]
    assert any("7 ngày làm việc" in text for text in shown)
    assert "within 7 working days" in rulebook.page()


def test_the_search_finds_what_it_looks_for() -> None:
    held = {"one": (f"trong {5:02} ngày làm việc", "trên 5 ngày", "4–5 ngày", "15 ngày")}

    assert [bool(OF_BEFORE.search(text)) for text in sentences(held, set())] == [
        True, False, False, False,
    ]  # fmt: skip


@pytest.mark.django_db
def test_the_notice_of_a_recall_follows() -> None:
    device = device_at(Custody.WITH_SUBSCRIBER)
    for certificate in Certificate.objects.filter(key=device.key_id):
        revoke(certificate, RevocationReason.CESSATION, actor=None, now=NOW)
    assert device.key_id is not None
    devices.open_return([device.key_id], paper=("", None, "Mẫu 05"), reason="x", now=NOW)

    texts = Notice.objects.filter(cause__startswith="device_recall").values_list("text", flat=True)

    assert ["7 ngày làm việc" in text for text in texts] == [True]


def test_no_term_is_written_out() -> None:
    told = {path: docstrings(tree) for path, tree in trees().items()}
    python = {
        f"{path}:{node.lineno}"
        for path, node in nodes()
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and id(node) not in told[path]
        and not path.startswith(NOT_THE_LAWS)
        and WRITTEN_OUT.search(node.value)
    }
    pages = [*(BASE / "templates").rglob("*.*"), *(BASE / "docs" / "huong-dan").glob("*.md")]
    written = {
        f"{page.relative_to(BASE)}:{number}"
        for page in pages
        for number, line in enumerate(page.read_text("utf-8").splitlines(), 1)
        if WRITTEN_OUT.search(line) and not NO_TERM.search(line)
    }

    assert python | written == set()


def docstrings(tree: ast.Module) -> set[int]:
    """Return the identities of the texts that are documentation."""
    documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
    return {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, documented) and node.body and isinstance(node.body[0], ast.Expr)
    }
