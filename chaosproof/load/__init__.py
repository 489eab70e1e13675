"""Requests sent by a plan and recorded one by one: `run_load` runs a plan, `python -m ...worker` does so as a job."""
