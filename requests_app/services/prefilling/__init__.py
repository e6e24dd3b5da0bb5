"""Rows the portal can fill in by itself from a certificate or a device, one module a form."""
