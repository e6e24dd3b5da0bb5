"""Describing a reorganisation: the decision, the bodies after it, who goes where."""
