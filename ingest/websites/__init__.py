"""Websites as a source of knowledge: read `sync.py` first, then `crawl.py`."""
