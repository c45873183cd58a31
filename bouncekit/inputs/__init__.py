"""Find and unpack inputs, and look at their first bytes."""
