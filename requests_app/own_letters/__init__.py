"""Letters that a body writes about its own work, not as a dossier: covering letters, reports."""
