"""The way back: devices are recalled, and handed in one by one or by list."""
