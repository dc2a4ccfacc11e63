"""The switchboard has no key that does nothing."""

import ast
from pathlib import Path

from server.domain.stay import KEYS

DEFINED_IN = ("stay/model/policies.py", "stay/rules/policy_keys.py")


def test_each_key_of_the_switchboard_is_read_where_something_is_decided() -> None:
    sources = [
        path
        for folder in ("server", "handlers")
        for path in Path(folder).rglob("*.py")
        if not path.as_posix().endswith(DEFINED_IN)
    ]
    read = {
        node.attr
        for path in sources
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load)
    }

    assert KEYS.keys() - read == set()
