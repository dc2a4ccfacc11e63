"""Files and functions say what they are for, and stay short enough to be read."""

import ast
import warnings

from tests.architecture.source import Function, Source, sources

# Over budget is a talk, not a crime: it is reported. Half as much again is refused.
FUNCTION_LINES, FUNCTION_LIMIT = 40, 60
FILE_LINES, FILE_LIMIT = 300, 400


def test_every_file_opens_by_saying_what_it_is_for() -> None:
    silent = [source.path for source in sources() if not ast.get_docstring(source.tree)]

    assert not silent


def test_a_front_door_says_it_in_chinese_too() -> None:
    doors = [one for one in sources("server/domain") if one.room == "__init__"][1:]
    english = [one.path for one in doors if (ast.get_docstring(one.tree) or "").isascii()]

    assert not english


def test_no_file_is_longer_than_a_reader_can_hold() -> None:
    lengths = {source.path: source.text.count("\n") for source in sources()}
    _report("file", lengths, FILE_LINES)

    assert not {path: lines for path, lines in lengths.items() if lines > FILE_LIMIT}


def test_no_function_is_longer_than_a_screen() -> None:
    lengths = {
        f"{source.path}:{function.name}": _lines(source, function)
        for source in sources()
        for function in source.functions()
    }
    _report("function", lengths, FUNCTION_LINES)

    assert not {name: lines for name, lines in lengths.items() if lines > FUNCTION_LIMIT}


def _lines(source: Source, function: Function) -> int:
    """Count a function's lines without its docstring: what is explained is not to be punished."""
    assert function.end_lineno is not None
    first = function.body[0]
    explained = 0
    if ast.get_docstring(function) is not None:
        assert first.end_lineno is not None
        explained = first.end_lineno - first.lineno + 1
    return function.end_lineno - function.lineno + 1 - explained


def _report(what: str, lengths: dict[str, int], budget: int) -> None:
    over = {name: lines for name, lines in lengths.items() if lines > budget}
    if over:
        shown = ", ".join(f"{name} {lines}" for name, lines in sorted(over.items()))
        warnings.warn(f"{what}s over {budget} lines: {shown}", stacklevel=2)
