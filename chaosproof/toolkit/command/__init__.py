"""Chaos Toolkit's command `chaos`, started by this project."""
