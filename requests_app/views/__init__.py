"""Pages about dossiers: they translate between a request and the services, nothing more."""
