"""Template tags about dossiers."""
