"""The chat service. Start reading at `conversation/turn.py`."""
