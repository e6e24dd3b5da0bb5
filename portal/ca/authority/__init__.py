"""The CA that signs: its keys, how it is set up, what it publishes and answers."""
