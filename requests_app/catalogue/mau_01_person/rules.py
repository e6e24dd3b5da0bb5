"""Mẫu 01: what issuing asks of the register."""

from requests_app.kinds.issue_rules import violations

__all__ = ["violations"]
