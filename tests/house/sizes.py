"""Sizes: how long a module, a function and the trust-critical room are, as the house counts."""

import ast
import io
import re
import tokenize

Function = ast.FunctionDef | ast.AsyncFunctionDef
_LAYOUT = {
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENDMARKER,
    tokenize.ENCODING,
}


def module_lines(source: str) -> int:
    """All lines: what somebody who opens the file has before them."""
    return len(source.splitlines())


def function_lines(source: str) -> dict[str, int]:
    """Lines of each function from `def` to its end, docstring aside, by dotted name."""
    return dict(_function_lines(ast.parse(source), ""))


def code_lines(source: str) -> int:
    """Lines that hold code: docstrings, comments and blank lines aside."""
    code: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in _LAYOUT:
            code.update(range(token.start[0], token.end[0] + 1))
    for node in ast.walk(ast.parse(source)):
        code -= _docstring(node)
    return len(code)


def check_lines(criterion: str) -> list[int]:
    """Lines of each `[[checks]]` block of a criterion file, its examples aside: they are its tests."""
    blocks = re.split(r"^\[\[checks\]\]$", criterion, flags=re.MULTILINE)[1:]
    return [len(block.split("[[checks.examples]]")[0].rstrip().splitlines()) for block in blocks]


def _function_lines(node: ast.AST, prefix: str) -> list[tuple[str, int]]:
    found = []
    for child in ast.iter_child_nodes(node):
        name = prefix
        if isinstance(child, Function | ast.ClassDef):
            name = f"{prefix}.{child.name}" if prefix else child.name
        if isinstance(child, Function):
            assert child.end_lineno
            found.append((name, child.end_lineno - child.lineno + 1 - len(_docstring(child))))
        found += _function_lines(child, name)
    return found


def _docstring(node: ast.AST) -> set[int]:
    if not isinstance(node, ast.Module | ast.ClassDef | Function) or ast.get_docstring(node) is None:
        return set()
    text = node.body[0]
    assert text.end_lineno
    return set(range(text.lineno, text.end_lineno + 1))
