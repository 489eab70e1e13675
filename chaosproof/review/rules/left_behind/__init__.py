"""Something was left undone."""
