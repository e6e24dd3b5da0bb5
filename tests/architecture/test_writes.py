"""The state of a dossier has one writer: the function that takes a step. So has a merger's."""

from __future__ import annotations

import ast

from tests.architecture.sources import called_name, nodes

WRITER = "requests_app/steps/engine.py"
COLUMNS = {"state", "queue", "is_at_ca"}
# What else has a state, and where it is written: each in one place.
OTHERS = {
    "requests_app/proceedings/services.py": "ProceedingsRequest",
    "orgmerge/approval/services.py": "Merger",
    "orgmerge/plans/worker.py": "Plan",
    "orgmerge/plans/line_states.py": "PlanLine",
    "orgmerge/succession/transfers.py": "PlanLine",  # what asked for no more than going over
    "orgmerge/seeding/population.py": "Dossier",  # made up, somewhere on their way
}


def assigned(node: ast.AST) -> set[str]:
    """Return the attributes that a statement assigns to."""
    match node:
        case ast.Assign(targets=targets):
            written = targets
        case ast.AugAssign(target=target) | ast.AnnAssign(target=target):
            written = [target]
        case _:
            return set()
    inner = [part for target in written for part in ast.walk(target)]
    return {
        part.attr
        for part in inner
        if isinstance(part, ast.Attribute) and isinstance(part.ctx, ast.Store)
    }


def passed_to_a_write(node: ast.AST) -> set[str]:
    """Return the columns that a call writes: ``update(state=…)``, ``setattr(x, "state", …)``."""
    if not isinstance(node, ast.Call):
        return set()
    name = called_name(node)
    named = {keyword.arg for keyword in node.keywords if keyword.arg}
    if name in {"Dossier", "create", "get_or_create", "update_or_create"}:
        return named & {"state"}  # a draft is put into its first queue by who makes it
    if name in {"update", "aupdate"}:
        return named
    if name in {"setattr", "bulk_update"}:
        constants = [part for argument in node.args for part in ast.walk(argument)]
        return {str(part.value) for part in constants if isinstance(part, ast.Constant)}
    return set()


def test_only_the_step_writes_the_state_of_a_dossier() -> None:
    found = {
        f"{path}:{node.lineno}"  # type: ignore[attr-defined]
        for path, node in nodes()
        if path.startswith(("requests_app/", "orgmerge/", "portal/demo/", "portal/api/"))
        and path != WRITER
        and path not in OTHERS
        and COLUMNS & (assigned(node) | passed_to_a_write(node))
    }

    assert found == set()


def test_the_step_writes_it_in_one_place() -> None:
    lines = [
        node.lineno  # type: ignore[attr-defined]
        for path, node in nodes()
        if path == WRITER and "state" in assigned(node)
    ]

    assert len(lines) == 1


def test_the_search_would_find_a_second_writer() -> None:
    for written in (
        "dossier.state = State.DRAFT",
        "a, dossier.state = b, c",
        "dossier.queue += 'x'",
        "setattr(dossier, 'state', x)",
        "Dossier.objects.filter(pk=1).update(state='draft')",
        "Dossier.objects.bulk_update(dossiers, ['note', 'state'])",
        "Dossier(agency=agency, state=State.DRAFT)",
    ):
        statement = ast.parse(written).body[0]
        found = {
            column
            for node in ast.walk(statement)
            for column in assigned(node) | passed_to_a_write(node)
        }
        assert COLUMNS & found, written
