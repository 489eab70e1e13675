"""Commands to start with in a repository of one's own."""
