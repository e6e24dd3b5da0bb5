"""How many certificates will be needed: asked in rounds, answered by bodies, summed up."""
