"""Pages about accounts: they translate between a request and the services, nothing more."""
