"""Pages about devices: they translate between a request and the services, nothing more."""
