"""Plans: made, read, chosen in, compared, printed."""
