"""Pages of a review round."""
