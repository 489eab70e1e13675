"""Requests sent as planned and recorded one by one; `python -m chaosproof.load.generator` runs a plan."""
