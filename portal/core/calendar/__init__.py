"""Working days and days off."""
