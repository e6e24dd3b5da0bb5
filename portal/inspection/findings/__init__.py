"""What a body must mend, followed until it is done."""
