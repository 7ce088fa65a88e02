"""The edge that people and browsers touch."""
