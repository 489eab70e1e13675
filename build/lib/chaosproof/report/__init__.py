"""report.html: one file that opens from disk without a network, and shows what the files of a run say."""
