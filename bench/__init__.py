"""Speed beside the encoder's own, measured side by side in one run."""
