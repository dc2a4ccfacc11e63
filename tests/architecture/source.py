"""The project's own source, as text and as trees."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROOM_DEPTH = len(("server", "domain", "<context>", "<room>"))
PACKAGES = ("server", "handlers", "realtime", "devices")
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Source:
    """One file: its path from the root, its text and its tree."""

    path: str
    text: str
    tree: ast.Module

    @property
    def module(self) -> str:
        """Name it as an import does."""
        return self.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")

    @property
    def room(self) -> str:
        """Name the room of a context, such as `service`; a front door is `__init__`.

        A room may be a folder: its files are in the room that the folder is.
        """
        parts = Path(self.path).with_suffix("").parts
        inside = parts[:2] == ("server", "domain") and len(parts) > ROOM_DEPTH
        return parts[ROOM_DEPTH - 1] if inside else parts[-1]

    def functions(self) -> Iterator[Function]:
        """List its functions and methods, inner ones too."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield node

    def imports(self) -> Iterator[tuple[str, int]]:
        """List what it imports, with the line."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    yield alias.name, node.lineno
            elif isinstance(node, ast.ImportFrom):
                yield node.module or "", node.lineno

    def at(self, node: ast.stmt | ast.expr) -> str:
        """Say where a node stands."""
        return f"{self.path}:{node.lineno}"


@cache
def sources(under: str = "") -> tuple[Source, ...]:
    """Read every file of the project's packages, or of one folder."""
    folders = [under] if under else list(PACKAGES)
    paths = sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))
    texts = [(str(path.relative_to(ROOT)), path.read_text(encoding="utf-8")) for path in paths]
    return tuple(Source(path, text, ast.parse(text)) for path, text in texts)


def dotted(node: ast.expr) -> str:
    """Write `a.b.c` as it stands; other expressions are left out."""
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""
