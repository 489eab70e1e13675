"""An evidence pack: the runs of a release, what follows from them, and every way to check that it does follow."""
