"""Who holds a device after the hand-over: given back, given again, passed on."""
