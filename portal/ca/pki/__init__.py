"""Certificates, requests, revocation lists and sealed keys as standards have them; no database."""
