"""Replace addresses by keyed pseudonyms, so that a table or report can be shared.

The same address always gets the same pseudonym under the same key, so counts
and joins still work. Whoever has the key can test guesses: the result is
*pseudonymised*, and still personal data, never anonymous.
"""

import base64
import binascii
import hashlib
import hmac
import os
import re
import secrets
import unicodedata
from collections.abc import Callable
from dataclasses import replace
from functools import cached_property, lru_cache
from pathlib import Path

import pandas as pd

from bouncekit import addresses
from bouncekit.accounting import Ingest
from bouncekit.errors import BouncekitError
from bouncekit.identity import map_distinct
from bouncekit.spellings import AT, decoded, replace_addresses, replace_word

KEY_FILE = ".bouncekit-key"
KEY_VARIABLE = "BOUNCEKIT_KEY"
DIGITS = 10
"""Hexadecimal digits of a pseudonym: two of a million addresses meet by chance about once."""
_MIN_KEY = 16

_LINK_MARKS = re.compile(r"[/?&=|]")
_HOST = re.compile(r"[\w-]{1,63}(?:\.[\w-]{1,63}){1,10}")
_BASE64 = re.compile(r"[A-Za-z0-9+/_\-]{12,}={0,2}")
_VERP = re.compile(r"([\w.+\-]{1,64})=([\w\-]{1,63}(?:\.[\w\-]{1,63}){1,10})", re.IGNORECASE)
# Local parts that are also words of ordinary replies; hiding them would only blur the text.
_ROLE_WORD = re.compile(
    r"abuse|accounts?|address|admin(?:istrator)?|billing|box|contact|delivery|domain|e?mail|enquiry"
    r"|error|failed|help|host(?:master)?|info|inquiry|inbox|list|local|mail(?:box|er)|marketing"
    r"|message|news(?:letter)?|no-?reply|office|orders?|permanent|policy|postmaster|purchase|quota"
    r"|recipient|reply|root|sales|sender|server|service|smtp|spam|status|support|test|unavailable"
    r"|unknown|users?|web(?:master)?"
)


def redact(
    df: pd.DataFrame, key: str | bytes | None = None, *, domains: bool = False
) -> pd.DataFrame:
    """Return a copy in which keyed pseudonyms stand for the addresses.

    ``ann@example.com`` becomes ``a3f9c1d2e4…@example.com``, in the column
    ``recipient`` and wherever a text holds an address: diagnostics, message
    ids, senders, campaigns, file names, the account of the reading.

    Parameters
    ----------
    df : DataFrame
        A bounce table, or any table made from one. Not changed.
    key : str or bytes, optional
        The secret, at least 16 characters; by default that of the project
        (:func:`project_key`).
    domains : bool
        Hide the domains as well.

    Returns
    -------
    DataFrame
        The same rows and columns, pseudonymised (not anonymous).

    Raises
    ------
    BouncekitError
        If the key is too short to protect anything.

    Examples
    --------
    >>> table = pd.DataFrame({"recipient": ["ann@example.com", "ANN@example.com"]})
    >>> redact(table, key="not a good secret").loc[:, "recipient"].nunique()
    1
    """
    return Redactor(key, domains=domains, known=df).table(df)


class Redactor:
    """Puts pseudonyms for addresses into tables and texts, all under one key.

    Parameters
    ----------
    key : str or bytes, optional
        The secret, at least 16 characters; by default that of the project,
        fetched when the first address turns up.
    domains : bool
        Hide the domains as well.
    known : DataFrame, optional
        A table whose recipients and domains are looked for by name, also
        where a text spells them in a way that no pattern catches.
    """

    def __init__(
        self,
        key: str | bytes | None = None,
        *,
        domains: bool = False,
        known: pd.DataFrame | None = None,
    ) -> None:
        self._given = _checked(key) if key is not None else None
        self._hide_domains = domains
        self._known: set[str] = set()
        self._known_domains: set[str] = set()
        if known is not None:
            self._learn(known)
        # Cached per object: the same diagnostic stands in a table a thousand times.
        self.text: Callable[[str], str] = lru_cache(maxsize=65_536)(self._text)
        self.address: Callable[[str], str] = lru_cache(maxsize=65_536)(self._address)

    @cached_property
    def _key(self) -> bytes:
        return self._given if self._given is not None else _checked(project_key())

    def _learn(self, table: pd.DataFrame) -> None:
        if "recipient" in table:
            found = table["recipient"].dropna().unique()
            self._known = {key for key in map(addresses.key, found) if key}
        for name in {"domain", "org_domain"} & set(table.columns):
            self._known_domains |= set(table[name].dropna().astype(str).unique())

    def table(self, df: pd.DataFrame) -> pd.DataFrame:
        """Return a copy of a table with pseudonyms in every text column."""
        hidden = df.copy()
        own = df.get("recipient")
        for name in df.columns:
            if name == "event_id":
                hidden[name] = map_distinct(df[name], self.token)
            elif name == "recipient":
                hidden[name] = map_distinct(df[name], self.address)
            elif name in ("domain", "org_domain"):
                hidden[name] = map_distinct(df[name], self.domain)
            elif pd.api.types.is_string_dtype(df[name]) and not _is_category(df[name]):
                hidden[name] = self._column(df[name], own)
            elif _is_category(df[name]) and name not in _FIXED:
                hidden[name] = self._column(df[name].astype("string[pyarrow]"), own)
        account = df.attrs.get("ingest")
        if isinstance(account, Ingest):
            hidden.attrs["ingest"] = self.account(account)
        return hidden

    def account(self, account: Ingest) -> Ingest:
        """Return the account of a reading with pseudonyms in names and reasons."""
        text = self.text
        return replace(
            account,
            skips={(text(file), text(why)): n for (file, why), n in account.skips.items()},
            problems=tuple(
                replace(problem, file=text(problem.file), reason=text(problem.reason))
                for problem in account.problems
            ),
            files=tuple(
                replace(entry, file=text(entry.file), notes=tuple(map(text, entry.notes)))
                for entry in account.files
            ),
        )

    def token(self, value: str) -> str:
        """Return a keyed hash of 32 digits; an unkeyed one could be guessed at."""
        return hmac.new(self._key, value.encode(), hashlib.sha256).hexdigest()[:32]

    def domain(self, value: str) -> str:
        """Return the domain, or its pseudonym where domains are hidden."""
        if not self._hide_domains:
            return value
        return f"domain-{self.token('@' + addresses.ascii_domain(value))[:DIGITS]}"

    def _address(self, value: str) -> str:
        plain = unicodedata.normalize("NFKC", value)
        local, at, domain = plain.rpartition("@")
        if not at:
            return f"{self.token(plain.casefold())[:DIGITS]}…"
        key = f"{local.casefold()}@{addresses.ascii_domain(domain)}"
        return f"{self.token(key)[:DIGITS]}…@{self.domain(domain.lower())}"

    def _text(self, value: str) -> str:
        value = _BASE64.sub(self._encoded, value)
        value = replace_addresses(value, self._spelled)
        if self._known and "=" in value:
            value = _VERP.sub(self._verp, value)
        return _HOST.sub(self._host, value) if self._hide_domains else value

    def _host(self, match: re.Match[str]) -> str:
        """Return a host name with the pseudonym of the known domain that it ends in."""
        labels = match[0].split(".")
        for place in range(len(labels) - 1):
            tail = addresses.ascii_domain(".".join(labels[place:]))
            if tail in self._known_domains:
                return ".".join([*labels[:place], self.domain(tail)])
        return match[0]

    def _spelled(self, local: str, domain: str) -> str:
        """Return the pseudonym of an address as spelled in a text.

        In a link the address stands behind other characters that an address
        may hold too; only a known address is taken out of them.
        """
        plain, domain = decoded(local), decoded(domain)
        for mark in _LINK_MARKS.finditer(plain):
            tail = plain[mark.end() :]
            if addresses.key(f"{tail}@{domain}") in self._known:
                return f"{plain[: mark.end()]}{self.address(f'{tail}@{domain}')}"
        return self.address(f"{plain}@{domain}")

    def _verp(self, match: re.Match[str]) -> str:
        address = f"{match[1]}@{match[2]}"
        # `bounce+ann=example.com` carries the address behind a prefix of the sender's.
        tails = [address, *(address.split(mark, 1)[1] for mark in "+-." if mark in match[1])]
        hit = next((tail for tail in tails if addresses.key(tail) in self._known), None)
        return self.address(hit) if hit else match[0]

    def _encoded(self, match: re.Match[str]) -> str:
        try:
            raw = base64.b64decode(match[0].rstrip("=") + "===", altchars=b"-_", validate=False)
            inner = raw.decode("utf-8")
        except (binascii.Error, UnicodeDecodeError, ValueError):
            return match[0]
        return self._text(inner) if AT.search(inner) else match[0]

    def _column(self, values: pd.Series, own: pd.Series | None) -> pd.Series:
        hidden = map_distinct(values, self.text)
        if own is None or values.name != "diagnostic":
            return hidden
        pairs = zip(hidden.array, own.array, strict=True)
        return pd.Series(
            [self._without_local(text, who) for text, who in pairs],
            index=values.index,
            dtype=hidden.dtype,
            name=values.name,
        )

    def _without_local(self, text: object, recipient: object) -> object:
        """Hide the row's own local part where a reply names it alone: ``<ann.lee>: unknown``."""
        if not isinstance(text, str) or not isinstance(recipient, str):
            return text
        local = recipient.rpartition("@")[0]
        folded = local.casefold()
        if len(local) < 3 or _ROLE_WORD.fullmatch(folded) or folded not in text.casefold():
            return text
        shown = self.address(recipient).partition("@")[0]
        return replace_word(text, local, shown)


_FIXED = frozenset({"event", "provider", "bounce_type", "reason", "category", "source", "state"})


def _checked(key: str | bytes) -> bytes:
    secret = key.encode() if isinstance(key, str) else bytes(key)
    if len(secret) < _MIN_KEY:
        msg = f"the redaction key has fewer than {_MIN_KEY} characters; give a longer one"
        raise BouncekitError(msg)
    return secret


def _is_category(values: pd.Series) -> bool:
    return isinstance(values.dtype, pd.CategoricalDtype)


def project_key(path: str | os.PathLike[str] | None = None) -> bytes:
    """Return the project's redaction key; make one where there is none yet.

    Parameters
    ----------
    path : path, optional
        The key file; by default ``.bouncekit-key`` in the working folder.
        The variable ``BOUNCEKIT_KEY``, where set, goes before the default.

    Returns
    -------
    bytes
        The secret. Keep the file, and keep it out of what you share.

    Raises
    ------
    BouncekitError
        If the file cannot be read or made, or holds too little.
    """
    given = os.environ.get(KEY_VARIABLE)
    if path is None and given:
        return given.encode()
    file = Path(path or KEY_FILE)
    try:
        _make_key(file)
        return file.read_bytes().strip()
    except OSError as error:
        msg = (
            f"the redaction key {file} cannot be read or made ({error.strerror}); "
            f"set `key` in bouncekit.toml to a file that can, or the variable {KEY_VARIABLE}"
        )
        raise BouncekitError(msg) from None


def _make_key(file: Path) -> None:
    """Write a new key that only its owner can read, unless the file is there."""
    try:
        handle = os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except FileExistsError:
        return
    with os.fdopen(handle, "w", encoding="ascii") as stream:
        stream.write(secrets.token_hex(32) + "\n")
