"""Years beside one another."""
