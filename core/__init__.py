"""What the assistant and the ingestion pipeline both stand on."""
