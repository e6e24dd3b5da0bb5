"""Mẫu 02: each accepted row is issued a certificate."""

from requests_app.execution.issuance import EFFECT

__all__ = ["EFFECT"]
