"""What Chaos Toolkit itself writes of a run: its journal, events and report for agents agree with the verdict."""
