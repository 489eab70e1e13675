"""What is not as the raw files of a pack say, document by document."""
