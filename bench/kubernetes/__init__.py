"""Benchmarks that need a cluster."""
