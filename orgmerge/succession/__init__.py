"""What happens on the effective day: bodies, transfers, records, the list for the CA."""
