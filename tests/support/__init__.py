"""What several test modules share: true runs, packs, labs, a browser, snapshots. No test module imports another."""
