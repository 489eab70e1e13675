"""What ends a run before it begins: a journal that cannot be written, a session twice, or none."""
