"""Several offices that work on one reorganisation."""
