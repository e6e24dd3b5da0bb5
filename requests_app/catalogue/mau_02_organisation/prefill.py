"""Mẫu 02: rows that ask anew for whom certificates name."""

from requests_app.kinds.issue_prefill import fill

__all__ = ["fill"]
