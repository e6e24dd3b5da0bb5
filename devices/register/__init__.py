"""The list of devices, the page of one, and its plain moves."""
