"""What makes a recorded fault the fault that was asked for."""
