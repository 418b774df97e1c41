"""Starts a bundle's program from its unpacked tree: the path every start takes, so it imports next to nothing."""
import sys

# Variables that have done their work when the program starts, or for which there is none: all bundles start from a tree.
SPENT = {b"PEX_ROOT", b"PEX_PYTHON", b"PEX_PYTHON_PATH", b"PEX_VENV", b"PEX_IGNORE_RCFILES",
         b"PEX_IGNORE_ERRORS", b"PEX_EMIT_WARNINGS", b"PEX_TOOLS", b"PEX_MULTIPROCESSING_START_METHOD", b"PEX_DISABLE_VARIABLES",
         b"__KILT_PYTHON", b"__KILT_DAMAGED", b"__KILT_HEALED"}


def start(scope):
    import posix
    from kilt_config import CONFIG as config
    environ = posix.environ
    try:
        if sys.version_info[:2] != config["python"]:
            raise OSError
        for directory in config["needs"]:
            posix.stat(directory)
    except OSError:
        # The interpreter was replaced, or part of the cache is gone: unpack again, once.
        if b"__KILT_HEALED" in environ:
            raise SystemExit("%s is damaged again as soon as it is unpacked: is something removing it?" % config["tree"])
        posix.putenv("__KILT_DAMAGED", "1")
        script = environ[b"PEX"] + config["script"].encode()
        posix.execv("/bin/sh", ["/bin/sh", script, *sys.argv[1:]])
    tree = config["tree"]
    sys.prefix = sys.exec_prefix = tree
    sys.path[:] = config["path"]
    bundle = environ.get(b"PEX", b"").decode("utf-8", "surrogateescape")
    if bundle:
        sys.argv[0] = bundle
    if config["args"]:
        sys.argv[1:1] = config["args"]
    # What site.main() would have put there; `copyright` and its like would cost an import of os.
    import builtins
    import _sitebuiltins
    builtins.quit = _sitebuiltins.Quitter("quit", "Ctrl-D (i.e. EOF)")
    builtins.exit = _sitebuiltins.Quitter("exit", "Ctrl-D (i.e. EOF)")
    builtins.help = _sitebuiltins._Helper()
    for sitedir, line in config["pth"]:
        run_pth(sitedir, line)
    if config["sitecustomize"]:
        __import__("sitecustomize")
    kind, value = config["entry"]
    wrap = None
    asked = [name for name in environ if name[:4] == b"PEX_" or name[:6] == b"__KILT"]
    if config["inherit"] or config["bin"] != "false" or not SPENT.issuperset(asked):
        sys.path.insert(0, tree)
        import kilt_run
        del sys.path[0]
        kind, value, wrap = kilt_run.prepare(config)
    for name in asked:
        if config["strip"] or name[:6] == b"__KILT":
            change(environ, name, None)
    for name, text in config["env"].items():
        name = name.encode("utf-8", "surrogateescape")
        if name not in environ:
            change(environ, name, text.encode("utf-8", "surrogateescape"))
    if wrap:
        wrap(launch, config, kind, value, scope)
    else:
        launch(config, kind, value, scope)


def change(environ, name, value):
    """Sets or removes a variable, as os.environ does: importing os would cost most of a start that does not need it."""
    if "os" in sys.modules:
        environ = sys.modules["os"].environb
    if value is not None:
        environ[name] = value
    elif name in environ:
        del environ[name]
    if "os" not in sys.modules:
        import posix
        posix.unsetenv(name) if value is None else posix.putenv(name, value)


def launch(config, kind, value, scope):
    if kind == "function":
        module, _, attributes = value.partition(":")
        __import__(module)
        function = sys.modules[module]
        for attribute in attributes.split("."):
            function = getattr(function, attribute)
        sys.exit(function())
    if kind == "module":
        run_module(value, scope)
    elif kind == "file":
        sys.argv[0] = value
        with open(value, "rb") as file:
            text = file.read()
        if not text.startswith(b"#!/bin/sh\n'''exec'"):
            # Not one of Python's: a program, or a script of another language.
            import os
            os.execv(value, sys.argv)
        code = compile(text, value, "exec")
        scope.clear()
        scope.update(__name__="__main__", __file__=value)
        exec(code, scope)
    else:
        sys.path.insert(0, config["tree"])
        import kilt_run
        del sys.path[0]
        kilt_run.interpreter(config, sys.argv[1:])


def run_pth(sitedir, line):
    exec(line)


def run_module(name, scope):
    """What `python -m NAME` does, without the cost of importing runpy."""
    import _frozen_importlib
    parent = name.rpartition(".")[0]
    path = None
    if parent:
        __import__(parent)
        path = sys.modules[parent].__path__
    spec = _frozen_importlib._find_spec(name, path)
    if spec is not None and spec.submodule_search_locations is not None:
        __import__(name)
        path = sys.modules[name].__path__
        name += ".__main__"
        spec = _frozen_importlib._find_spec(name, path)
    if spec is None or spec.loader is None:
        raise ModuleNotFoundError("the entry point %r is not in the bundle" % name, name=name)
    code = spec.loader.get_code(name)
    if sys.argv:
        sys.argv[0] = spec.origin
    scope.clear()
    scope.update(__name__="__main__", __file__=spec.origin, __cached__=spec.cached, __loader__=spec.loader, __package__=spec.parent,
                 __spec__=spec, __doc__=None)
    exec(code, scope)
