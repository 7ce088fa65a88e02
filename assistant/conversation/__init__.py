"""The heart: plain Python, no web, database, model or broker library. Start at `turn.py`."""
