"""Mẫu 03: each accepted row is issued a certificate."""

from requests_app.execution.issuing import EFFECT

__all__ = ["EFFECT"]
