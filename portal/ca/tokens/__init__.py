"""Keys of subscribers: virtual tokens under a PIN, and keys made outside the portal."""
