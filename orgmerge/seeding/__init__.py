"""A made-up population at scale, for measuring and for looking at large reorganisations."""
