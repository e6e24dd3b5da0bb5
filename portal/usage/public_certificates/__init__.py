"""Certificates of public CAs in use beside: recorded, followed until they are replaced."""
