"""The file contradicts its own good ending."""
