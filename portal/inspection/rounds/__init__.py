"""The checklist an office keeps, and the rounds it opens."""
