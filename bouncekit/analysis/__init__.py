"""Three questions about a bounce table: how often, which domains, which addresses.

``outcomes`` is the aggregate under all of them: what became of each message.
"""
