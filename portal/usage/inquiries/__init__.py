"""Idle certificates: the body is asked, keeps them with a reason or asks to revoke them."""
