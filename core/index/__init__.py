"""Finding chunks: SQL is the truth, every index beside it can be rebuilt from it."""
