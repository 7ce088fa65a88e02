"""Files that mean harm, without end and the same for the same seed. Start reading at `cases.py`."""
