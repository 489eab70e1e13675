"""What can be known of an experiment before it runs."""
