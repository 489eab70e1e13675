"""`chaosproof init --target containers`: from a Compose project to experiments on it, without starting any of it."""
