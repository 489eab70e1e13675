"""The session around a run."""
