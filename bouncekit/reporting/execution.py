"""Run a notebook with parameters in a kernel of this very Python."""

import ast
import json
import os
import re
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bouncekit.errors import BouncekitError, ReportError
from bouncekit.reporting.imports import without

# jsonschema builds a grammar for IRIs where this package is there, which takes
# longer than starting the kernel; no notebook holds what that would check.
with without("rfc3987_syntax"):
    import nbformat
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

TAG = "parameters"
INJECTED = "injected-parameters"
_KERNEL = "bouncekit"
_PLAIN = (type(None), bool, int, float, str)


def read_notebook(path: str | os.PathLike[str]) -> nbformat.NotebookNode:
    """Read a notebook file.

    Raises
    ------
    ReportError
        If it is missing or no notebook.
    """
    try:
        return nbformat.reads(Path(path).read_text(encoding="utf-8"), as_version=4)
    except FileNotFoundError:
        msg = f"{path}: there is no such notebook"
    except (OSError, ValueError) as error:
        msg = f"{path}: is no notebook that can be read ({error})"
    raise ReportError(msg)


def as_text(notebook: nbformat.NotebookNode) -> str:
    """Return the text of a notebook file, in a form whose changes can be read."""
    return str(nbformat.writes(notebook)).rstrip("\n") + "\n"


def default_parameters(notebook: nbformat.NotebookNode) -> dict[str, Any]:
    """Return the names and values of the cell tagged ``parameters``.

    Raises
    ------
    ReportError
        If there is no such cell, or it holds more than plain values.
    """
    cell = notebook.cells[_tagged(notebook)]
    values: dict[str, Any] = {}
    try:
        for statement in ast.parse(cell.source).body:
            if not isinstance(statement, ast.Assign) or len(statement.targets) != 1:
                raise ValueError(ast.unparse(statement))
            name = ast.unparse(statement.targets[0])
            values[name] = ast.literal_eval(statement.value)
    except (SyntaxError, ValueError) as error:
        msg = f"the cell tagged {TAG} may only hold lines like `name = value` ({error})"
        raise ReportError(msg) from None
    return values


def with_parameters(
    notebook: nbformat.NotebookNode, parameters: Mapping[str, Any]
) -> nbformat.NotebookNode:
    """Return a copy with the parameters set in a cell after the tagged one.

    Raises
    ------
    ReportError
        If the notebook has no parameter of a name, or a value is not plain.
    """
    known = default_parameters(notebook)
    for name, value in parameters.items():
        if name not in known:
            msg = f"the notebook has no parameter {name!r}; it has: {', '.join(known)}"
            raise ReportError(msg)
        if not _is_plain(value):
            msg = f"parameter {name!r} must be a plain value or a list of these, not {value!r}"
            raise ReportError(msg)
    copy = nbformat.from_dict(json.loads(json.dumps(notebook)))
    lines = [f"{name} = {value!r}" for name, value in parameters.items()]
    cell = nbformat.v4.new_code_cell("\n".join(lines), id=INJECTED)
    cell.metadata["tags"] = [INJECTED]
    copy.cells.insert(_tagged(notebook) + 1, cell)
    return copy


def _tagged(notebook: nbformat.NotebookNode) -> int:
    for place, cell in enumerate(notebook.cells):
        if TAG in cell.metadata.get("tags", []):
            return place
    msg = f"the notebook has no cell tagged {TAG}; tag the one that holds its settings"
    raise ReportError(msg)


def _is_plain(value: object) -> bool:
    if isinstance(value, list | tuple):
        return all(map(_is_plain, value))
    if isinstance(value, dict):
        return all(isinstance(k, str) and _is_plain(v) for k, v in value.items())
    return isinstance(value, _PLAIN)


def execute(
    notebook: nbformat.NotebookNode,
    folder: str | os.PathLike[str],
    *,
    name: str = "the notebook",
    environment: Mapping[str, str] | None = None,
    on_cell: Callable[[str], None] | None = None,
    timeout: float | None = None,
) -> nbformat.NotebookNode:
    """Run all cells, top to bottom, and return the notebook with its outputs.

    The kernel is this Python; it needs no installed kernel and reads no
    Jupyter or IPython settings of the user.

    Parameters
    ----------
    notebook : NotebookNode
        Changed in place.
    folder : path
        Working folder of the kernel.
    name : str
        What errors call the notebook.
    environment : mapping, optional
        Variables to set in the kernel.
    on_cell : callable, optional
        Called before each cell with the heading it stands under.
    timeout : float, optional
        Seconds that one cell may take; no limit by default.

    Raises
    ------
    ReportError
        If a cell fails or the kernel dies: one sentence with cell and cause.
    """
    with _private_kernel() as options:
        client = NotebookClient(
            notebook,
            timeout=timeout,
            resources={"metadata": {"path": os.fspath(folder)}},
            on_cell_start=_telling(notebook, on_cell) if on_cell else None,
            # It has nothing to save; a graceful end would be waited for.
            shutdown_kernel="immediate",
            **options.pop("client"),
        )
        try:
            client.execute(
                env={**os.environ, **options["env"], **(environment or {})}, cleanup_kc=True
            )
        except CellExecutionError as error:
            raise ReportError(_failure(notebook, name, error)) from None
        except CellTimeoutError:
            msg = f"{name}: a cell took longer than {timeout:g} seconds"
            raise ReportError(msg) from None
        except DeadKernelError:
            msg = f"{name}: the kernel stopped; was there too little memory?"
            raise ReportError(msg) from None
    return notebook


@contextmanager
def _private_kernel() -> Iterator[dict[str, Any]]:
    """Give a kernel of this Python whose files all lie in a folder that goes away."""
    from jupyter_client.kernelspec import KernelSpecManager
    from jupyter_client.manager import AsyncKernelManager

    with tempfile.TemporaryDirectory(prefix="bouncekit-") as folder:
        home = Path(folder)
        spec = home / "kernels" / _KERNEL
        spec.mkdir(parents=True)
        # Nothing that lies in the working folder may pass for a module (-P, ignore_cwd).
        command = [
            sys.executable, "-P", "-m", "ipykernel_launcher", "-f", "{connection_file}",
            "--InteractiveShellApp.ignore_cwd=True", "--log-level=ERROR",
        ]  # fmt: skip
        text = json.dumps({"argv": command, "display_name": _KERNEL, "language": "python"})
        (spec / "kernel.json").write_text(text, encoding="utf-8")
        specs = KernelSpecManager(kernel_dirs=[str(home / "kernels")], ensure_native_kernel=False)
        manager = AsyncKernelManager(
            kernel_name=_KERNEL,
            kernel_spec_manager=specs,
            connection_file=str(home / "kernel.json"),
            # Sockets in the private folder: no port is open to anyone.
            transport="tcp" if os.name == "nt" else "ipc",
        )
        environment = {
            name: str(home / name.lower())
            for name in ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR")
        }
        environment |= {"JUPYTER_RUNTIME_DIR": str(home), "JUPYTER_NO_CONFIG": "1"}
        environment |= {"PYTHONIOENCODING": "utf-8", "MPLBACKEND": "Agg"}
        # The kernel finds this very package, installed or not. ipykernel drops the first
        # entry where it is the working folder, so one that can be spared stands there.
        package = str(Path(__file__).resolve().parents[2])
        paths = [str(spec), package, os.environ.get("PYTHONPATH", "")]
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
        # ipykernel's debugger warns of frozen modules, and nobody debugs here.
        environment["PYDEVD_DISABLE_FILE_VALIDATION"] = "1"
        yield {"client": {"km": manager}, "env": environment}


def _telling(
    notebook: nbformat.NotebookNode, on_cell: Callable[[str], None]
) -> Callable[..., None]:
    def tell(cell: nbformat.NotebookNode, cell_index: int) -> None:
        on_cell(_heading(notebook, cell_index))

    return tell


def _heading(notebook: nbformat.NotebookNode, index: int) -> str:
    """Return the heading that a cell stands under."""
    for cell in reversed(notebook.cells[: index + 1]):
        found = re.findall(r"^#+ +(.+)$", cell.source, re.MULTILINE)
        if cell.cell_type == "markdown" and found:
            return str(found[-1])
    return ""


def _failure(notebook: nbformat.NotebookNode, name: str, error: CellExecutionError) -> str:
    """Make one sentence of a failed cell; a sentence of our own is handed on as it is."""
    if error.ename in {kind.__name__ for kind in _kinds(BouncekitError)}:
        return str(error.evalue)
    failed = next(
        (
            place
            for place, cell in enumerate(notebook.cells)
            if any(output.output_type == "error" for output in cell.get("outputs", ()))
        ),
        0,
    )
    heading = _heading(notebook, failed)
    under = f" (under {heading!r})" if heading else ""
    return f"{name}, cell {failed + 1}{under} failed: {error.ename}: {error.evalue}"


def _kinds(kind: type[Exception]) -> Iterator[type[Exception]]:
    yield kind
    for child in kind.__subclasses__():
        yield from _kinds(child)
