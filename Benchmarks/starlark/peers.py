"""Evaluates the Starlark files of a folder with a peer and prints the milliseconds of each round, one a line.

    peers.py rust|cpython DIR ROUNDS

`rust` is starlark-rust through the package starlark-pyo3, `cpython` is compile() and exec(). The files are read before the
clock starts.
"""

import os
import sys
import time

peer, directory, rounds = sys.argv[1], sys.argv[2], int(sys.argv[3])
texts = []
for name in sorted(os.listdir(directory)):
    with open(os.path.join(directory, name), encoding="utf-8") as file:
        texts.append((name, file.read()))

if peer == "rust":
    import starlark

    builtins = starlark.Globals.standard()
    dialect = starlark.Dialect.extended()
    dialect.enable_top_level_stmt = True

    def evaluate(name, text):
        starlark.eval(starlark.Module(), starlark.parse(name, text, dialect), builtins)

else:

    def evaluate(name, text):
        exec(compile(text, name, "exec"), {})


for _ in range(rounds):
    start = time.perf_counter()
    for name, text in texts:
        evaluate(name, text)
    print((time.perf_counter() - start) * 1e3, flush=True)
