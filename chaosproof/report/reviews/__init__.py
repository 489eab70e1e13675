"""What a review is shown as: one file for each format, each a pure function of reviews."""
