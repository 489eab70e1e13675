"""Files in, verdict out: what a run left behind is read, measured, judged. No target is touched."""
