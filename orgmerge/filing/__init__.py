"""An approved plan is carried out: drafts from its lines, and how far they have come."""
