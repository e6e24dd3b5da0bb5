"""Proposals for reward and discipline, and what was decided of them."""
