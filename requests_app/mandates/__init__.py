"""What a body lets its office's support team write for it, and who may draft what."""
