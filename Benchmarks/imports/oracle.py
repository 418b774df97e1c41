"""What a Python file imports according to CPython's own parser: the other side of `check` and of the module's tests.

Written against the Python Language Reference and not against the scanner: it walks the syntax tree. Findings have the
form of `imports-benchmark list`: (line, module with leading dots, name or "-", marks).

    oracle.py FOLDER    prints `F PATH` for every file below it that parses, and a line `I LINE MODULE NAME MARKS` a finding
"""

import ast
import os
import re
import sys
import warnings

FAILURES = {"ImportError", "ModuleNotFoundError"}
DOTTED = re.compile(r"\.*[^\W\d]\w*(\.[^\W\d]\w*)*\Z")


def mentions(node, names):
    """Whether an expression holds one of these names, bare or behind a dot."""
    for inner in ast.walk(node) if node is not None else ():
        if isinstance(inner, ast.Name) and inner.id in names:
            return True
        if isinstance(inner, ast.Attribute) and inner.attr in names:
            return True
    return False


def suppresses(item):
    call = item.context_expr
    return isinstance(call, ast.Call) and mentions(call.func, {"suppress"}) and any(
        mentions(argument, FAILURES) for argument in call.args)


class Imports(ast.NodeVisitor):
    def __init__(self, source):
        self.lines = source
        self.found = []
        self.weak = False
        self.checking = False

    def add(self, line, module, name="-", call=False):
        marks = ("?" if self.weak else "") + ("~" if self.checking else "") + ("c" if call else "")
        self.found.append((line, module, name, marks))

    def visit_Import(self, node):
        for alias in node.names:
            self.add(alias.lineno, alias.name)

    def visit_ImportFrom(self, node):
        for alias in node.names:
            self.add(alias.lineno, "." * node.level + (node.module or ""), alias.name)

    def visit_Call(self, node):
        function = node.func
        name = function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")
        named = [keyword.value for keyword in node.keywords if keyword.arg == "name"]
        if name in ("__import__", "import_module") and (node.args or named):
            literal = (node.args or named)[0]
            if isinstance(literal, ast.Constant) and isinstance(literal.value, str) and DOTTED.match(literal.value):
                if "\\" not in (ast.get_source_segment(self.lines, literal) or ""):
                    self.add(literal.lineno, literal.value, call=True)
        self.generic_visit(node)

    def block(self, statements, weak=False, checking=False):
        before = self.weak, self.checking
        self.weak, self.checking = self.weak or weak, self.checking or checking
        for statement in statements:
            self.visit(statement)
        self.weak, self.checking = before

    def visit_Try(self, node):
        self.block(node.body, weak=any(mentions(handler.type, FAILURES) for handler in node.handlers))
        for part in node.handlers, node.orelse, node.finalbody:
            self.block(part)

    visit_TryStar = visit_Try

    def visit_With(self, node):
        for item in node.items:
            self.visit(item)
        self.block(node.body, weak=any(suppresses(item) for item in node.items))

    def visit_If(self, node):
        self.visit(node.test)
        test, negated = node.test, False
        if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
            test, negated = test.operand, True
        parts = test.values if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.And) and not negated else [test]
        checking = any(
            isinstance(part, (ast.Name, ast.Attribute)) and mentions(part, {"TYPE_CHECKING"}) for part in parts)
        self.block(node.body, checking=checking and not negated)
        self.block(node.orelse, checking=checking and negated)


def imports(source):
    """The findings in a file's bytes, sorted; None where CPython does not parse it."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    visitor = Imports(source.decode("utf-8", "replace"))
    visitor.visit(tree)
    return sorted(visitor.found)


def python_files(folder, skip=()):
    """The Python files below a folder, without those below folders of the names in `skip`."""
    for directory, names, files in os.walk(folder):
        names[:] = sorted(name for name in names if name not in skip)
        yield from (os.path.join(directory, file) for file in sorted(files) if file.endswith((".py", ".pyi")))


def main():
    warnings.simplefilter("ignore")
    out = sys.stdout.buffer
    for path in python_files(sys.argv[1], skip=("site-packages",)):
        with open(path, "rb") as file:
            found = imports(file.read())
        if found is None:
            continue
        out.write(b"F " + os.fsencode(path) + b"\n")
        for finding in found:
            out.write(("I %d %s %s %s\n" % finding).encode())


if __name__ == "__main__":
    main()
