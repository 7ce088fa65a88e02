"""What the assistant remembers: all of its tables and all of its SQL."""
