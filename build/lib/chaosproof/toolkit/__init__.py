"""What meets Chaos Toolkit: the only room that imports its library. See `actions/`, `probes/`, `controls/`."""
