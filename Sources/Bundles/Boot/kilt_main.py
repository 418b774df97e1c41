"""Starts a bundle's program from its unpacked tree: the path every start takes, so it imports next to nothing."""
import posix
import sys

# Variables that have done their work when the program starts, or for which there is none: all bundles start from a tree.
SPENT = {b"PEX_ROOT", b"PEX_PYTHON", b"PEX_PYTHON_PATH", b"PEX_VENV", b"PEX_IGNORE_RCFILES",
         b"PEX_IGNORE_ERRORS", b"PEX_EMIT_WARNINGS", b"PEX_TOOLS", b"PEX_MULTIPROCESSING_START_METHOD", b"PEX_DISABLE_VARIABLES",
         b"__KILT_PYTHON", b"__KILT_DAMAGED", b"__KILT_HEALED", b"__KILT_FLAGS", b"__KILT_AGAIN", b"__KILT_PATH",
         b"__KILT_PYTHONPATH"}


FLAGS = (b"PEX_VENV", b"PEX_IGNORE_ERRORS", b"PEX_EMIT_WARNINGS", b"PEX_IGNORE_RCFILES", b"PEX_DISABLE_VARIABLES")


class flags(tuple):
    # The interpreter was started without `site`, whose work was done when the tree was made. Libraries that start
    # Pythons hand on this process's flags, and those have to run it. The module itself asks too, and must not.
    no_site = property(lambda self: int(sys._getframe(1).f_globals.get("__name__") == "site"))
    # Where PYTHONPATH did not reach this process's path, it shall not reach theirs. Other readers ask what the variables mean.
    ignore_environment = property(
        lambda self: int(self._isolated and sys._getframe(1).f_code.co_name == "_args_from_interpreter_flags") or self._given)

    def __repr__(self):
        return "sys.flags(%s)" % ", ".join("%s=%r" % (name, getattr(self, name)) for name in self._names)


class Later(object):
    # What `site` puts among the builtins, made when it is used: that costs imports, of os for some.
    def __init__(self, name):
        self.name = name

    def made(self):
        import builtins
        import site
        site.setquit()
        site.setcopyright()
        site.sethelper()
        return getattr(builtins, self.name)

    __class__ = property(lambda self: type(self.made()))

    def __repr__(self):
        return repr(self.made())

    def __call__(self, *arguments, **options):
        return self.made()(*arguments, **options)


def again(script):
    """Unpacks again, once, and starts from there."""
    environ = posix.environ
    if script is None:
        raise SystemExit("%s lacks a part of what it was made with: make it again" % sys.executable.rpartition("/bin/")[0])
    if b"__KILT_HEALED" in environ:
        raise SystemExit("%s is damaged again as soon as it is unpacked: is something removing it?"
                         % sys.executable.rpartition("/bin/")[0])
    posix.putenv("__KILT_DAMAGED", "1")
    posix.execv("/bin/sh", ["/bin/sh", environ[b"PEX"] + script.encode(), *sys.argv[1:]])


def moved(config, tree):
    """The configuration of an environment that stands by itself, where it is now."""
    def place(path):
        return tree + path[len(config["tree"]):] if (path + "/").startswith(config["tree"] + "/") else path
    kind, value = config["entry"]
    return dict(config, tree=tree, path=[place(path) for path in config["path"]], needs=[place(path) for path in config["needs"]],
                entry=(kind, place(value) if kind == "file" else value),
                pth=[(place(directory), line) for directory, line in config["pth"]])


def start(config, scope):
    environ = posix.environ
    try:
        for directory in config["needs"]:
            posix.stat(directory)
    except OSError:
        # Part of the cache is gone.
        again(config["script"])
    mask = posix.umask(0o022)
    posix.umask(mask)
    tree = config["tree"]
    if not mask & 0o002 and open_to_others(config["root"]):
        # They could replace the bytecode that is written now.
        sys.dont_write_bytecode = True
    sys.prefix = sys.exec_prefix = tree
    sys.path[:] = config["path"]
    bundle = environ.get(b"PEX")
    if bundle:
        real = real_path(bundle)
        if real != bundle:
            change(environ, b"PEX", real)
        # A link stays: programs go by the name they were started with, and start what the link leads to when they start again.
        sys.argv[0] = bundle.decode("utf-8", "surrogateescape")
    import builtins
    for name in ("quit", "exit", "help", "copyright", "credits", "license"):
        setattr(builtins, name, Later(name))
    for sitedir, line in config["pth"]:
        run_pth(sitedir, line)
    if config["sitecustomize"]:
        __import__("sitecustomize")
    kind, value = config["entry"]
    wrap = None
    arguments = config["args"]
    asked = [name for name in environ if name[:4] == b"PEX_" or name[:6] == b"__KILT"]
    if config["special"] or not SPENT.issuperset(asked) or [
            name for name in asked if name in FLAGS and environ[name].lower() not in (b"", b"0", b"1", b"false", b"true")]:
        sys.path.insert(0, tree)
        import kilt_run
        del sys.path[0]
        kind, value, wrap, arguments = kilt_run.prepare(config, arguments)
    if environ.get(b"__KILT_AGAIN", b"").decode() == tree and sys.argv[1:1 + len(arguments)] == arguments:
        # It has started itself with what it was started with.
        arguments = []
    path = config.get("pythonpath") or environ.get(b"__KILT_PYTHONPATH")
    show_flags(config["flags"], path and "pythonpath" not in config)
    for name in asked:
        if config["strip"] or name[:6] == b"__KILT":
            change(environ, name, None)
    if path is not None:
        change(environ, b"PYTHONPATH", path)
    if "merged" in config:
        change(environ, b"__KILT_PATH", config["merged"])
    for name, text in config["env"].items():
        name = name.encode("utf-8", "surrogateescape")
        if name not in environ:
            change(environ, name, text.encode("utf-8", "surrogateescape"))
    if arguments:
        sys.argv[1:1] = arguments
    try:
        if wrap:
            wrap(launch, config, kind, value, scope)
        else:
            launch(config, kind, value, scope)
    except (ImportError, FileNotFoundError, AttributeError) as error:
        if isinstance(error, AttributeError) and not str(error).startswith("module '"):
            raise
        sys.path.insert(0, tree)
        import kilt_run
        del sys.path[0]
        kilt_run.examine(config)
        raise


def open_to_others(root):
    try:
        return posix.stat(root).st_mode & 0o001
    except OSError:
        # Of an environment that stands by itself.
        return False


def show_flags(names, isolated):
    """Puts flags in the place of sys.flags that say how a Python like this one is started by others."""
    real = sys.flags
    values = {name: getattr(real, name) for name in names}
    values["no_site"] = 0
    names = names[:len(real)]
    sys.flags = shown = flags([values[name] for name in names])
    del values["no_site"]
    shown.__dict__.update(values, _names=names, _isolated=bool(isolated), _given=values.pop("ignore_environment"))


def real_path(path):
    """The path without links, as Linux knows it, without looking at each directory on the way."""
    try:
        file = posix.open(path, 0o12000000 if sys.platform == "linux" else 0)
        real = posix.readlink(b"/proc/self/fd/%d" % file)
        posix.close(file)
    except OSError:
        return path
    return real if real[:1] == b"/" and real[-10:] != b" (deleted)" else path


def change(environ, name, value):
    """Sets or removes a variable, as os.environ does: importing os would cost most of a start that does not need it."""
    if "os" in sys.modules:
        environ = sys.modules["os"].environb
    if value is not None:
        environ[name] = value
    elif name in environ:
        del environ[name]
    if "os" not in sys.modules:
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
    else:
        sys.path.insert(0, config["tree"])
        import kilt_run
        del sys.path[0]
        if kind == "file":
            kilt_run.run_file(value, scope)
        else:
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
