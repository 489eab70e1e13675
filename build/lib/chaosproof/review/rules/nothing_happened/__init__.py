"""Nothing was done to the system, or nothing was asked of it."""
