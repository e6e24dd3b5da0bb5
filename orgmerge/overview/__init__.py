"""The list of reorganisations, the page of one, and the work list."""
