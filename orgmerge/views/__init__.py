"""Pages about reorganisations."""
