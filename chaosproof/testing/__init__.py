"""Labs, faults and loads in the tests of one's own: as a library (`chaosproof.Lab`), and as a plugin of pytest."""
