"""From the agency to the subscriber, and the Mẫu 07 that tells of it."""
