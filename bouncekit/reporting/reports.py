"""The report: a notebook executed, redacted, and rendered to one offline HTML file."""

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bouncekit.errors import InputNotFoundError, ReportError
from bouncekit.redaction import KEY_VARIABLE, project_key
from bouncekit.reporting.bundled import SAMPLE, notebook_path
from bouncekit.reporting.provenance import about, input_digest
from bouncekit.spellings import scrub
from bouncekit.taxonomy import Language
from bouncekit.times import zone
from bouncekit.writing import atomic

if TYPE_CHECKING:
    from nbformat import NotebookNode

    from bouncekit.analysis.policy import Policy
    from bouncekit.reporting.rendering import About

NOTEBOOK = "bounce_report.ipynb"
_Path = str | os.PathLike[str]
_SAMPLE_KEY = "not a secret: the sample is invented"


def report(
    src: _Path | Iterable[_Path] | None = None,
    output: _Path = "report.html",
    *,
    sends: _Path | None = None,
    contacts: _Path | None = None,
    rules: _Path | None = None,
    tz: str | None = None,
    policy: "Policy | None" = None,
    show_addresses: bool = False,
    redact_domains: bool = False,
    lang: Language = "en",
    notebook: _Path | None = None,
    key: _Path | None = None,
    progress: bool | None = None,
    **parameters: Any,
) -> Path:
    """Make a report that can be shared: one HTML file that opens offline.

    The notebook ``bounce_report.ipynb`` is run with these settings and what it
    shows is written down, without its code. No script, nothing from the
    network; pseudonyms stand for the addresses unless they are asked for.

    Parameters
    ----------
    src : path or list of paths, optional
        Exports, logs and bounce mail as for :func:`bouncekit.read`; by
        default the sample data that comes with the kit.
    output : path
        Where to write it. An old report stays until the new one is complete.
    sends : path, optional
        CSV of what was sent (``date, sent`` or ``message_id, recipient,
        timestamp``): gives rates their denominator.
    contacts : path, optional
        CSV of the contact list: tells forged bounces from real ones.
    rules : path, optional
        TOML file with rules of your own.
    tz : str, optional
        IANA zone whose days count, and of times that name none; UTC by default.
    policy : Policy, optional
        The numbers for addresses; ``Policy()`` by default.
    show_addresses : bool
        Show full addresses. The report then holds personal data in the clear.
    redact_domains : bool
        Let pseudonyms stand for the domains, too.
    lang : {'en', 'zh'}
        Language of texts, charts and tables.
    notebook : path, optional
        Another notebook to run, with a cell tagged ``parameters``.
    key : path, optional
        The redaction key's file; ``.bouncekit-key`` in the working folder by
        default, made when there is none.
    progress : bool, optional
        Show progress; by default on a terminal and in a notebook.
    **parameters
        Any other name of the notebook's ``parameters`` cell: ``freq="M"``,
        ``min_failures=10``, ``preset="ses"``.

    Returns
    -------
    Path
        The file that was written.

    Raises
    ------
    InputNotFoundError
        If a named file does not exist.
    ReportError
        If a cell fails or a parameter is not one of the notebook's.
    BouncekitError
        If an input cannot be read or the output cannot be written.

    Examples
    --------
    >>> report("exports/", "may.html", tz="Asia/Shanghai", freq="D")  # doctest: +SKIP
    PosixPath('may.html')
    """
    from bouncekit.reporting.execution import (
        default_parameters,
        execute,
        read_notebook,
        with_parameters,
    )
    from bouncekit.reporting.translation import translated

    zone(tz)
    source = SAMPLE if src is None else _absolute(src)
    given: dict[str, Any] = {"source": source, "lang": lang}
    shown = {"show_addresses": show_addresses, "redact_domains": redact_domains}
    if src is not None or tz is not None:
        given["tz"] = tz or "UTC"
    for name, path in (("sends", sends), ("contacts", contacts), ("rules", rules)):
        if path is not None:
            given[name] = _absolute(path)
    given |= _policy(policy) | parameters
    path = Path(notebook) if notebook is not None else notebook_path(NOTEBOOK)
    blank = read_notebook(path)
    defaults = default_parameters(blank)
    # A notebook without these parameters shows no addresses in any case.
    given |= {name: value for name, value in shown.items() if value or name in defaults}
    ready = translated(with_parameters(blank, given), path.stem, lang)
    settings = defaults | given
    bare = show_addresses and not redact_domains
    environment = {} if bare else {KEY_VARIABLE: _secret(source, key)}
    with ThreadPoolExecutor(1) as pool, _progress(ready, progress) as tell:
        # Both take seconds that the kernel leaves free.
        digest, renderer = pool.submit(input_digest, settings), pool.submit(_renderer)
        done = execute(ready, Path.cwd(), name=path.name, environment=environment, on_cell=tell)
        if not bare:
            _sweep(done)
        said = about(done, settings, digest.result(), bare, lang)
        html = renderer.result()(done, said)
    with atomic(output) as stream:
        stream.write(html.encode("utf-8"))
    return Path(output)


def _renderer() -> "Callable[[NotebookNode, About], str]":
    from bouncekit.reporting.rendering import to_html

    return to_html


def _absolute(src: Any) -> str | list[str]:
    """Return paths that mean the same in the kernel; each must exist."""
    if isinstance(src, str | os.PathLike):
        path = Path(src)
        if not path.exists():
            msg = f"{path}: there is no such file or folder"
            raise InputNotFoundError(msg)
        return str(path.resolve())
    if isinstance(src, Iterable) and not isinstance(src, bytes | bytearray):
        return [str(_absolute(one)) for one in src]
    msg = f"a report needs paths of files or folders, not {type(src).__name__}; save it first"
    raise ReportError(msg)


def _secret(source: object, key: _Path | None) -> str:
    # The sample holds nobody's address, so it leaves no key file behind.
    return _SAMPLE_KEY if source == SAMPLE and key is None else project_key(key).decode()


def _policy(policy: "Policy | None") -> dict[str, Any]:
    if policy is None:
        return {}
    return {
        "soft_limit": policy.soft_limit,
        "wait": str(policy.wait),
        "min_span": str(policy.min_span),
        "limits": dict(policy.limits),
    }


def _sweep(notebook: "NotebookNode") -> None:
    """Take out any address that a cell shows past the kit's own redaction."""
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            if output.output_type == "stream":
                output.text = scrub(output.text)
            for kind in ("text/html", "text/plain"):
                if kind in output.get("data", {}):
                    output.data[kind] = scrub(output.data[kind])


@contextmanager
def _progress(notebook: "NotebookNode", shown: bool | None) -> Iterator[Callable[[str], None]]:
    """Show a bar with one step for each cell, named by the heading it stands under."""
    from tqdm import tqdm
    from tqdm.auto import tqdm as tqdm_auto

    inside = "ipykernel" in sys.modules
    visible = (sys.stderr.isatty() or inside) if shown is None else shown
    total = sum(cell.cell_type == "code" for cell in notebook.cells)
    bar = (tqdm_auto if inside and visible else tqdm)(
        total=total, disable=not visible, bar_format="{desc:36.36} {bar:24} {n_fmt}/{total_fmt}"
    )

    def tell(heading: str) -> None:
        bar.set_description_str(heading)
        bar.update()

    try:
        yield tell
    finally:
        bar.close()
