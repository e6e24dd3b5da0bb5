"""Asking a person's former agency whether they have moved, and its answer."""
