"""The kinds that act on the process of an instance."""
