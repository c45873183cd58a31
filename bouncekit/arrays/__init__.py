"""Whole columns at once: hashes, codes and bytes of Arrow arrays; knows nothing of mail."""
