"""Certificates used when they must not be: who is told, what is found, how it is closed."""
