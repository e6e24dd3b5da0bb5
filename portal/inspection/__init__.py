"""Inspection: rounds, self-assessments, visits, findings, what follows from them."""
