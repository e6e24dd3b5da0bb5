"""What can be done with reorganisations, one module a part."""
