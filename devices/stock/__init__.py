"""The CA's stock: lots are taken in, keys made, devices allocated."""
