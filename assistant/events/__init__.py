"""Waking readers up; the truth is in the database."""
