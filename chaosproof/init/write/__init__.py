"""The files that `chaosproof init` writes: one kind, one file; each a text, made of data."""
