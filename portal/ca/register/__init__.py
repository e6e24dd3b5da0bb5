"""Certificates: issued, installed, renewed, revoked; their pages."""
