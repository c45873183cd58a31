"""Settings of one project: ``bouncekit.toml`` in the working folder."""

import tomllib
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from bouncekit.errors import BouncekitError
from bouncekit.taxonomy import Language
from bouncekit.times import zone
from bouncekit.words import LANGUAGES

FILE = "bouncekit.toml"


@dataclass(frozen=True, slots=True)
class Settings:
    """What ``bouncekit.toml`` may say; everything is optional.

    Parameters
    ----------
    tz : str
        IANA zone whose days the report counts, and of times that name none.
    policy : dict
        Fields of :class:`bouncekit.Policy`: ``soft_limit``, ``wait``, ...
    rules : Path or None
        A TOML file with rules of the user's own.
    language : {'en', 'zh'}
        Language of reports.
    key : Path or None
        Where the redaction key lies.
    """

    tz: str | None = None
    policy: dict[str, Any] = field(default_factory=dict)
    rules: Path | None = None
    language: Language = "en"
    key: Path | None = None


_TYPES = {"tz": str, "policy": dict, "rules": str, "language": str, "key": str}


def load_settings(folder: str | Path = ".") -> Settings:
    """Read ``bouncekit.toml`` of a folder; the defaults where there is none.

    Paths in it are relative to the folder.

    Raises
    ------
    BouncekitError
        If the file is no TOML, or holds an unknown name or a wrong value.
    """
    path = Path(folder) / FILE
    try:
        given = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        return Settings()
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        msg = f"{path}: cannot be read ({error})"
        raise BouncekitError(msg) from None
    return _settings(given, path)


def _settings(given: dict[str, Any], path: Path) -> Settings:
    known = [entry.name for entry in fields(Settings)]
    for name, value in given.items():
        if name not in known:
            msg = f"{path}: {name!r} is no setting; it may hold: {', '.join(known)}"
            raise BouncekitError(msg)
        if not isinstance(value, _TYPES[name]):
            msg = f"{path}: {name} must be a {_TYPES[name].__name__}, not {value!r}"
            raise BouncekitError(msg)
    if given.get("language", "en") not in LANGUAGES:
        msg = f"{path}: language must be one of {', '.join(LANGUAGES)}, not {given['language']!r}"
        raise BouncekitError(msg)
    zone(given.get("tz"))
    places: dict[str, Any] = {
        name: path.parent / given[name] for name in ("rules", "key") if name in given
    }
    _check_policy(given.get("policy", {}), path)
    return Settings(**{**given, **places})


def _check_policy(policy: dict[str, Any], path: Path) -> None:
    """Refuse a policy that is none, in words that name the file."""
    if not policy:
        return
    from bouncekit.analysis.policy import Policy

    known = [entry.name for entry in fields(Policy)]
    stray = [name for name in policy if name not in known]
    if stray:
        msg = f"{path}: policy has no {stray[0]!r}; it has: {', '.join(known)}"
        raise BouncekitError(msg)
    try:
        Policy(**policy)
    except BouncekitError as error:
        msg = f"{path}: {error}"
        raise BouncekitError(msg) from None
