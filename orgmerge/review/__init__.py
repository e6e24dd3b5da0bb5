"""Review rounds: the bodies look through what they have."""
