"""Pages of bodies and subscribers."""
