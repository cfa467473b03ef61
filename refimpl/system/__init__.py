"""The operating system: processes, streams, what a run leaves behind, the log."""
