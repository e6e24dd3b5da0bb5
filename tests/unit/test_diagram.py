"""The page about the workflow says what the table says."""

from __future__ import annotations

from pathlib import Path

from requests_app.management.commands import workflow_diagram

PAGE = Path(__file__).parents[2] / "docs" / "workflow.md"


def test_the_workflow_page_is_fresh() -> None:
    assert PAGE.read_text(encoding="utf-8") == workflow_diagram.page()
