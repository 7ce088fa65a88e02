"""What several tests need: servers, builders, a small knowledge base."""
