"""What proceedings bodies and the police ask at the CA's desk: revocation of certificates (R22)."""
