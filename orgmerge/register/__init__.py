"""What the register holds of the bodies of a reorganisation, as the planner's facts."""
