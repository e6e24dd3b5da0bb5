"""Visits to bodies and their minutes."""
