"""A reorganisation in force is undone by another."""
