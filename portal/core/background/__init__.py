"""What runs in the background: sweeps, how they went, who is alive, and the leases they hold."""
