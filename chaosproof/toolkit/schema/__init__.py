"""The JSON Schema of an experiment, from the signatures of actions and probes and the schema of the extension."""
