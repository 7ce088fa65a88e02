"""Properties run with the same examples everywhere, and no example is failed for being slow."""

from hypothesis import settings

settings.register_profile("percorso", deadline=None, derandomize=True, database=None, max_examples=150)
settings.load_profile("percorso")
