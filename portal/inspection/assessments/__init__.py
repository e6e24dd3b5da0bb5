"""What a body says of itself, and what the office says of that."""
