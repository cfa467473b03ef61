"""What is believed of keys, signatures, certificates and log entries."""
