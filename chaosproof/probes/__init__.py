"""Questions that an experiment can ask. Probes measure; they never judge."""
