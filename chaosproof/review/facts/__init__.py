"""What a review knows of an activity: what it is by its words, what it did by what it returned, and when."""
