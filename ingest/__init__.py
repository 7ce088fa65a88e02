"""Documents in, searchable chunks out. Start reading at `pipeline.py`."""
