"""What one process reserves of the limits that all processes share."""
