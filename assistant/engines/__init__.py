"""Answers to the conversation's ports that need models: reading and writing language."""
