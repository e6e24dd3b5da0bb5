"""The portal for programs: the same querysets and services as the pages, no rules of its own."""
