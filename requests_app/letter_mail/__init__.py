"""Letters that a rule of routing sends by e-mail: written, confirmed, shown."""
