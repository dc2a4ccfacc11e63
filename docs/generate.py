"""Writes `docs/generated/` from the declarations; `--check` only says whether it is fresh."""

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import realtime.channels
import server.main  # noqa: F401 - declares every fact and every reaction
from handlers.base import Action, Handler, Permit
from handlers.openapi import VERBS, action_of
from handlers.routes import api_handlers
from realtime.channels import Channels
from realtime.feeds import FEEDS, SILENT
from realtime.namespaces import Namespace
from server.config import render_config_keys
from server.domain.identity import ROLES
from server.domain.system import DataApp
from server.kernel.events import Fact, Facts

FOLDER = Path(__file__).parent / "generated"
NOTE = "<!-- Made by `make docs` from the code. Do not edit: change the declaration. -->\n"


def pages() -> dict[str, str]:
    """Render every generated page, by file name."""
    bodies = {
        "api.md": ("The API", "Described in full at `/openapi.json`.", _api()),
        "channels.md": ("Websocket channels", "Declared in `realtime/channels.py`.", _channels()),
        "facts.md": ("Facts", "What the domain tells, and who listens.", _facts()),
        "permissions.md": ("Permissions", "Denied unless declared.", _permissions()),
        "configuration.md": (
            "Configuration",
            "Environment variables; also `smartcloud config`.",
            render_config_keys(),
        ),
    }
    return {
        name: f"{NOTE}# {title}\n\n{text}\n\n{table}"
        for name, (title, text, table) in bodies.items()
    }


def stale(folder: Path = FOLDER) -> list[str]:
    """Name the pages that are not what the code says now, and files that no page stands for."""
    wanted = pages()
    odd = [name for name, text in wanted.items() if _kept(folder / name) != text]
    return odd + sorted(path.name for path in folder.glob("*") if path.name not in wanted)


def main(arguments: list[str]) -> None:
    """Write the pages, or with `--check` refuse when one is stale."""
    if "--check" in arguments:
        if odd := stale():
            raise SystemExit(f"Stale, run `make docs`: {', '.join(odd)}")
        return
    FOLDER.mkdir(exist_ok=True)
    for name, text in pages().items():
        (FOLDER / name).write_text(text, encoding="utf-8")


def _kept(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    heads = list(head)
    lines = [heads, ["---"] * len(heads), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _actions() -> Iterator[tuple[str, type[Handler], Action]]:
    for handler in api_handlers():
        for verb in VERBS:
            declared = action_of(handler, verb)
            if declared is not None:
                yield verb.upper(), handler, declared


def _api() -> str:
    rows = [
        [
            f"`{verb} {handler.path}`",
            declared.summary,
            _permit(declared.permit),
            declared.body.__name__ if declared.body else "",
            declared.query.__name__ if declared.query else "",
            f"{declared.status} {declared.answer.__name__ if declared.answer else ''}".strip(),
        ]
        for verb, handler, declared in _actions()
    ]
    return _table(["address", "what", "who", "body", "query", "answer"], sorted(rows))


def _permit(permit: Permit | str) -> str:
    return permit.value.replace("_", " ") if isinstance(permit, Permit) else f"`{permit}`"


def _channels() -> str:
    async def nowhere(_place_id: str) -> None:
        return None

    book = Channels(nowhere)
    rows = []
    for names, who, carries in _told_of_channels():
        namespace = book.namespace_of(names.split("`")[1])
        rows.append([names, who, carries, _kept_of(namespace)])
    return _table(["channel", "who", "carries", "kind"], rows)


def _told_of_channels() -> Iterator[list[str]]:
    """Read the table that opens `realtime/channels.py`."""
    for line in (realtime.channels.__doc__ or "").splitlines():
        if line.startswith("| `"):
            yield [cell.strip() for cell in line.strip("|").split(" | ")]


def _kept_of(namespace: Namespace) -> str:
    kind = "state: rows replace rows, has a snapshot" if namespace.state else "stream: lines"
    kept = f"{namespace.history_size} publications, {namespace.history_ttl_s // 60} min"
    return f"{kind}; keeps {kept}"


def _facts() -> str:
    rows = [[_context(kind), f"`{name}`", _first(kind), _ears(kind)] for name, kind in _kinds()]
    return _table(["context", "fact", "what", "who listens"], sorted(rows))


def _kinds() -> Iterable[tuple[str, type[Fact]]]:
    ours = [
        (name, kind) for name, kind in Facts.kinds.items() if "server.domain" in kind.__module__
    ]
    return sorted(ours, key=lambda each: each[0])


def _context(kind: type[Fact]) -> str:
    return kind.__module__.split(".")[2]


def _ears(kind: type[Fact]) -> str:
    ears = [f"feed `{FEEDS[kind].__name__}`"] if kind in FEEDS else []
    ears += [f"reaction `{one.__name__}`" for one in Facts.reactions.get(kind, ())]
    return ", ".join(ears + (["no channel, on purpose"] if kind in SILENT else []))


def _first(thing: object) -> str:
    return (thing.__doc__ or "").strip().splitlines()[0]


def _permissions() -> str:
    holders: dict[str, list[str]] = {}
    for role, held in ROLES.items():
        for permission in held:
            holders.setdefault(permission, []).append(f"`{role}`")
    for permission in DataApp(id="", name="", key_hash="").permissions:
        holders.setdefault(permission, []).append("partners' keys")
    uses: dict[str, list[str]] = {permission: [] for permission in holders}
    for verb, handler, declared in _actions():
        if not isinstance(declared.permit, Permit):
            uses[declared.permit].append(f"`{verb} {handler.path}`")
    rows = [
        [f"`{one}`", ", ".join(sorted(holders[one])), "<br>".join(sorted(uses[one])) or "channels"]
        for one in sorted(holders)
    ]
    return _table(["permission", "held by", "asked for at"], rows)


if __name__ == "__main__":
    main(sys.argv[1:])
