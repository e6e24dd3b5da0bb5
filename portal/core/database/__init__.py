"""Columns encrypted at rest, the order of locks, conflicts, many rows at once."""
