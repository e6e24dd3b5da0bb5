"""The PIN of a device: locked, recovered, set anew, changed."""
