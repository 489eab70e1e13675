"""The loads of a run: what they send, and their jobs on the target."""
