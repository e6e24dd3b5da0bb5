"""Steps of a reorganisation: submitted, approved, sent back, withdrawn."""
