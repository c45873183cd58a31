"""Codes in the words of a reply, for readers that go event by event."""

from functools import lru_cache

from bouncekit import codes


@lru_cache(maxsize=20_000)
def codes_of(text: str | None, status: str | None = None) -> tuple[int | None, str | None]:
    """Return the SMTP code and the enhanced code of a reply.

    Parameters
    ----------
    text : str or None
        The remote server's words; they come first.
    status : str or None
        The exporter's own status field, for what the words do not say.
    """
    return (
        codes.reply_code(text) or codes.reply_code(status),
        codes.enhanced_code(text) or codes.enhanced_code(status),
    )
