"""Where the programs of a repository can be read from: one source, one file."""
