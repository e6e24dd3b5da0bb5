"""Stock-taking: what lies at a place is counted and held against the register."""
