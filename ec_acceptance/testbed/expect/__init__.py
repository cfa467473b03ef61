"""What is compared: a validator's output with snapshots, reports and outcomes."""
