"""Verbs that an experiment can name."""
