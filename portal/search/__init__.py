"""Finding a thing by what is typed into the one box on every page."""
