"""Measure the assistant on question sets: what `percorso eval` does."""
