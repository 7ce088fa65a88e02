"""What conversations tell the company: so far, what its knowledge lacks."""
