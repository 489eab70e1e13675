"""Benchmarks of the load generator, beside hey, wrk and locust on the same server: `python -m bench.load`."""
