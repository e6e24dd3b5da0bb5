"""What is wrong with what an office answers for, at a glance."""
