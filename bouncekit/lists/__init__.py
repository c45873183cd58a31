"""Contact lists: what to keep, retry, remove and verify, and what a provider can take."""
