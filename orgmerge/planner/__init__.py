"""The decision tables of a reorganisation (DOMAIN 4.1–4.5): pure, one module a subject."""
