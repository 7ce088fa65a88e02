"""Finding passages: dense and lexical candidates, fused, checked against SQL."""
