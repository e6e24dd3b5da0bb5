"""The lists of questions: one's own, the desk's, and what is asked again and again."""
