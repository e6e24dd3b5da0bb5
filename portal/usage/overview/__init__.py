"""What supervision shows: figures, lists of certificates and bodies."""
