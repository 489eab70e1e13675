"""What was asked cannot show what the experiment is for."""
