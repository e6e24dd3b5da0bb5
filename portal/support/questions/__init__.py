"""Asking the desk, and the way of a question: answers, hand-overs, notes, its end."""
