"""Benchmarks of a server that speaks the gateway's frames over a Unix socket, whoever wrote it."""
