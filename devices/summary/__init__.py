"""How many devices are where and how."""
