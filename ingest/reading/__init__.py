"""Foreign files are read in a child process that may do little. Start reading at `reader.py`."""
