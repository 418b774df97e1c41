"""Writes the files that Benchmarks/starlark evaluates: build/ (10,000 BUILD files), macros/, compute/.

All three evaluators read the same texts: what a BUILD file calls is defined in its first lines.
"""

import os
import random
import sys

PREAMBLE = """\
TARGETS = []
def _target(type, kw):
    TARGETS.append((type, kw))
def python_sources(**kw): _target("python_sources", kw)
def python_tests(**kw): _target("python_tests", kw)
def pex_binary(**kw): _target("pex_binary", kw)
def resources(**kw): _target("resources", kw)
"""

MACRO = """
def service(name, libs, port, tags = [], **extra):
    python_sources(name = name + "_lib", dependencies = ["//lib/%s:%s" % (l, l) for l in libs], tags = tags)
    for env in ["devel", "staging", "prod"]:
        pex_binary(
            name = "{}-{}".format(name, env),
            entry_point = name.replace("-", "_") + ".main",
            dependencies = [":" + name + "_lib"] + ["//config/" + env] if env != "prod" else [":" + name + "_lib"],
            env = {"PORT": str(port), "STAGE": env.upper()},
            **extra
        )
    if not [t for t in tags if t.startswith("no-")]:
        python_tests(name = name + "_tests", timeout = len(libs) * 10)
"""

COMPUTE = """
def primes(n):
    sieve = [True] * (n + 1)
    for i in range(2, n + 1):
        if sieve[i]:
            for j in range(i * i, n + 1, i):
                sieve[j] = False
    return [i for i in range(2, n + 1) if sieve[i]]

def words(count):
    seen = {}
    for i in range(count):
        key = "w" + str(i * 7919 % 997)
        seen[key] = seen.get(key, 0) + 1
    return sorted(seen.items(), key = lambda kv: (-kv[1], kv[0]))

def calls(n):
    def add(a, b = 1): return a + b
    total = 0
    for i in range(n):
        total = add(total, b = i % 3)
    return total

def strings(n):
    out = []
    for i in range(n):
        out.append("-".join([str(i), "x%d" % i, "{}:{}".format(i, i + 1)]).upper().split("-")[0])
    return len("".join(out))

P = primes(20000)[-1]
W = words(20000)[0]
C = calls(50000)
S = strings(10000)
"""


def build(rand, index):
    text = ['"""Package %d."""\n' % index, PREAMBLE]
    text.append("python_sources(\n    dependencies=[\n")
    for _ in range(rand.randrange(1, 8)):
        text.append('        "src/g%03d/p%05d",\n' % (rand.randrange(1000), rand.randrange(10000)))
    text.append('    ],\n    tags=["team-%d"],\n)\n\n' % rand.randrange(20))
    text.append('python_tests(\n    name="tests",\n    timeout=%d,\n' % rand.randrange(300))
    text.append('    overrides={"slow_test.py": {"timeout": 600, "tags": ["slow", "nightly"]}},\n)\n\n')
    text.append('pex_binary(\n    name="bin",\n    entry_point="main.py:main",\n    interpreter_constraints=["CPython>=3.8"],\n')
    text.append('    env={"A": "1", "B": "two"},\n)\n\n')
    text.append('resources(name="data", sources=["*.json", "!test_*.json"])\n')
    return "".join(text)


def macros(rand, index):
    text = [PREAMBLE, MACRO]
    for number in range(20):
        libs = ", ".join('"lib%d"' % rand.randrange(100) for _ in range(rand.randrange(1, 6)))
        text.append('service("svc-%d-%d", [%s], %d, tags = ["t%d"], execution_mode = "venv")\n' % (
            index, number, libs, 8000 + number, number))
    return "".join(text)


def main():
    directory = sys.argv[1]
    for name, count, make in [("build", 10000, build), ("macros", 300, macros), ("compute", 1, lambda r, i: COMPUTE)]:
        os.makedirs(os.path.join(directory, name))
        rand = random.Random(name)
        for index in range(count):
            with open(os.path.join(directory, name, "%05d.star" % index), "w") as file:
                file.write(make(rand, index))


main()
