"""Starts a bundle's program when a PEX_* variable asks for something special. Lives in the unpacked tree."""
import os
import sys

# What earlier versions of PEX did, and all do now, or none.
GONE = ("PEX_ALWAYS_CACHE", "PEX_FORCE_LOCAL", "PEX_UNZIP", "PEX_TEARDOWN_VERBOSE")


def refuse(text):
    sys.stderr.write("%s: %s\n" % (os.environ.get("PEX"), text))
    sys.exit(2)


def flag(name, default=False):
    value = os.environ.get(name, "")
    if value.lower() in ("1", "true"):
        return True
    if value.lower() in ("", "0", "false"):
        return False if value else default
    refuse("%s must be 0, 1, false or true, not %r" % (name, value))


def verbosity():
    value = os.environ.get("PEX_VERBOSE") or "0"
    try:
        return int(value)
    except ValueError:
        refuse("PEX_VERBOSE must be a number from 0 to 9, not %r" % value)


def prepare(config, arguments):
    """Applies the variables to sys.path and the environment.

    Returns the kind and value of what to start, what to start it within, or None, and the arguments in front of those given.
    """
    get = os.environ.get
    if flag("PEX_EMIT_WARNINGS", config["warns"]) or get("PEX_VERBOSE", "") not in ("", "0"):
        for name in GONE:
            if name in os.environ:
                sys.stderr.write("%s: %s has no effect any more\n" % (get("PEX"), name))
    for name in ("PEX_VENV", "PEX_IGNORE_ERRORS", "PEX_IGNORE_RCFILES", "PEX_DISABLE_VARIABLES"):
        flag(name)
    kind, value = config["entry"]
    if get("PEX_MODULE") and get("PEX_SCRIPT"):
        refuse("PEX_MODULE and PEX_SCRIPT cannot both be obeyed")
    jobs = get("PEX_MAX_INSTALL_JOBS") or "0"
    if not jobs.isdigit() and jobs != "-1":
        refuse("PEX_MAX_INSTALL_JOBS must be a number from -1 on, not %r" % jobs)
    change_path(config)
    if flag("PEX_INTERPRETER"):
        kind, value, arguments = "interpreter", "", []
    elif get("PEX_MODULE"):
        value, arguments = os.environ["PEX_MODULE"].strip(), []
        kind = "function" if ":" in value else "module"
    elif get("PEX_SCRIPT"):
        kind, value = script(config, os.environ["PEX_SCRIPT"])
        arguments = []
    where = get("PEX_VENV_BIN_PATH") or config["bin"]
    if where not in ("false", "prepend", "append"):
        refuse("PEX_VENV_BIN_PATH must be false, prepend or append, not %r" % where)
    if where != "false":
        path = [config["tree"] + "/bin", get("PATH", os.defpath)]
        os.environ["PATH"] = os.pathsep.join(path if where == "prepend" else path[::-1])
    level = verbosity()
    if level:
        sys.stderr.write("%s: unpacked at %s, starts %s %s\n" % (get("PEX"), config["tree"], kind, value))
    if level > 1:
        sys.stderr.write("".join("%s: sys.path: %s\n" % (get("PEX"), path) for path in sys.path))
    FLAGS[:] = config["flags given"] + get("__KILT_FLAGS", "").splitlines()
    return kind, value, wrapper(), [filled(config, argument) for argument in arguments]


class Names(object):
    # What `{pex.env.NAME}` in an argument stands for: an empty text for a variable that is not set.
    def __init__(self, names):
        self.__dict__.update(names)

    def __getattr__(self, name):
        return ""

    __getitem__ = __getattr__


def filled(config, argument):
    """An argument of the bundle with variables of the environment in it, as `str.format` puts them there."""
    if "{" not in argument:
        return argument
    names = Names({"env": Names(dict(config["env"], **os.environ))})
    try:
        return argument.format(pex=names)
    except (AttributeError, IndexError, KeyError, ValueError) as error:
        refuse("the argument %r of the bundle cannot be filled in: %s\n  write {pex.env.NAME} for a variable, {{ and }} for "
               "braces" % (argument, error))


def change_path(config):
    """PEX_INHERIT_PATH, PEX_PATH and PEX_EXTRA_SYS_PATH."""
    get = os.environ.get
    inherit = get("PEX_INHERIT_PATH", "") or config["inherit"]
    if inherit not in ("", "false", "prefer", "fallback"):
        refuse("PEX_INHERIT_PATH must be false, prefer or fallback, not %r" % inherit)
    python_path = [p for p in get("__KILT_PYTHONPATH", "").split(os.pathsep) if p]
    inherits = inherit not in ("", "false")
    # What comes in front of all that the bundle holds, and behind it. Pythons that the program starts get it by a variable
    # that `__kilt__.pth` of the tree reads; PYTHONPATH they have themselves.
    front, back = [], []
    if inherits:
        (back if inherit == "fallback" else front).extend(python_path + inherited_path(config))
    elif not config["hermetic"]:
        sys.path[:0] = python_path
    sys.path[:] = front + sys.path + back
    if inherits or not config["hermetic"]:
        config["pythonpath"] = os.fsencode(get("__KILT_PYTHONPATH", ""))
    if get("PEX_PATH"):
        sys.path.insert(0, config["tree"])
        import kilt_boot
        # What kilt_tree imports when it needs it.
        import kilt_tags  # noqa: F401
        import kilt_tree
        import kilt_unpack
        sys.path.pop(0)
        merged, there = [], [need + "/lib" for need in config["needs"]]
        for pex in os.environ["PEX_PATH"].split(os.pathsep):
            if pex:
                try:
                    with kilt_boot.Closed():
                        found = merge_pex(kilt_tree, kilt_unpack, os.path.abspath(os.path.expanduser(pex)), config["root"])
                    # What the bundle has itself, or another file, would be found twice.
                    merged += [place for place in found if place not in merged and place not in there]
                except (OSError, EOFError, KeyError, ValueError, kilt_boot.Fail, kilt_boot.Refuse) as error:
                    refuse("PEX_PATH: %s: %s" % (pex, error))
        sys.path += merged
        back += merged
        config["scripts"] = dict(other_scripts(kilt_tree, merged), **config["scripts"])
        config["others"] = merged
    extra = [os.path.expanduser(p) for p in get("PEX_EXTRA_SYS_PATH", "").split(os.pathsep) if p]
    if extra:
        sys.path += extra
        # For the Pythons that the program starts.
        config["pythonpath"] = os.fsencode(os.pathsep.join((python_path if inherits else []) + extra))
    if front or back:
        config["merged"] = joined(front, back)


def joined(front, back):
    """The paths for `__kilt__.pth` of the tree: those in front of the bundle's, two separators, those behind them."""
    return os.fsencode(os.pathsep.join(front) + "::" * bool(front) + os.pathsep.join(back))


def merge_pex(kilt_tree, kilt_unpack, path, root):
    """The directories that another PEX, ours or a real one, adds to sys.path: its distributions and its sources."""
    import json
    import hashlib
    deps = os.path.join(path, ".deps")
    if os.path.isdir(path):
        found = [os.path.join(deps, name) for name in (sorted(os.listdir(deps)) if os.path.isdir(deps) else ())]
        if all(os.path.isdir(name) for name in found):
            # One that is unpacked (`--layout loose`): what it holds can be used where it is.
            return found + [path]
    archive = kilt_unpack.opened(path)
    info = json.loads(archive.read("PEX-INFO").decode("utf-8"))
    own = "kilt" in info
    if own:
        names = kilt_tree.wheels(info)
    else:
        names = sorted({n[0].split("/", 2)[1] for n in archive.members if n[0].startswith(".deps/") and n[0].count("/") >= 2})
    keys = {}
    for name in names:
        key = info["distributions"].get(name, "")
        if key and all(letter in "0123456789abcdef" for letter in key):
            keys[name] = key if own else "pex-" + key
    code = None
    if any(n[0].partition("/")[0] not in (".deps", ".bootstrap", "__pex__", "PEX-INFO", "__main__.py") for n in archive.members):
        # By what is in them: the hash that a PEX says it has is its own business.
        listed = repr(sorted((n[0], n[2], n[4]) for n in archive.members if n[0][:6] != ".deps/"))
        code = os.path.join(root, "sources", hashlib.sha256(listed.encode("utf-8", "surrogateescape")).hexdigest())
    return [place + "/lib" for place in kilt_unpack.install(path, keys, root, code)] + ([code] if code else [])


def other_scripts(kilt_tree, paths):
    """The console scripts of distributions in these directories."""
    found = {}
    for path in reversed(paths):
        found.update(kilt_tree.all_scripts(path))
    return found


def examine(config):
    """After an error that a missing file can cause: whether something has taken files out of the store."""
    sys.path.insert(0, config["tree"])
    import json
    import kilt_boot
    import kilt_tags  # noqa: F401
    import kilt_tree
    import kilt_unpack
    sys.path.pop(0)
    bundle = os.environ.get("PEX", "")
    try:
        info = json.loads(kilt_unpack.opened(bundle).read("PEX-INFO").decode("utf-8"))
        home = config["tree"].rpartition("/at/")[0]
        while os.path.basename(os.path.dirname(home)) != "bundles" and "/at/" in home:
            home = home.rpartition("/at/")[0]
        found = kilt_tree.discard_damaged(bundle, info, config["root"], home)
        if not found and not kilt_tree.linked(config["tree"], config["needs"]):
            kilt_boot.discard(config["tree"], config["root"])
            found = True
    except Exception:
        # What went wrong before matters more.
        return
    if found:
        sys.stderr.write("%s: files are gone from the cache in %s, as when something clears old files there; the next start "
                         "unpacks them again\n" % (bundle, config["root"]))


def wrapper():
    """PEX_PROFILE and PEX_COVERAGE: what the program is run within."""
    get = os.environ.get
    if flag("PEX_COVERAGE") or get("PEX_COVERAGE_FILENAME"):
        try:
            import coverage
        except ImportError:
            refuse("PEX_COVERAGE needs the distribution coverage, which the bundle does not hold; one on "
                   "PEX_EXTRA_SYS_PATH will do")
        name = get("PEX_COVERAGE_FILENAME")
        measured = coverage.Coverage(data_file=os.path.realpath(os.path.expanduser(name))) if name else (
            coverage.Coverage(data_suffix=True))

        def covered(run, *arguments):
            measured.start()
            try:
                run(*arguments)
            finally:
                measured.stop()
                if name:
                    measured.save()
                else:
                    measured.report(show_missing=False, ignore_errors=True, file=sys.stdout)
        return covered
    if flag("PEX_PROFILE") or get("PEX_PROFILE_FILENAME"):
        import cProfile
        name, sort = get("PEX_PROFILE_FILENAME"), get("PEX_PROFILE_SORT") or "cumulative"

        def profiled(run, *arguments):
            profiler = cProfile.Profile()
            try:
                profiler.runcall(run, *arguments)
            finally:
                if name:
                    profiler.dump_stats(os.path.realpath(os.path.expanduser(name)))
                else:
                    profiler.print_stats(sort=sort)
        return profiled


def script(config, name):
    """What the console script `name` of some wheel starts."""
    scripts = config["scripts"]
    if name in scripts:
        return "function", scripts[name]
    path = config["tree"] + "/bin/" + name
    if "/" not in name and os.path.isfile(path):
        return "file", path
    for place in config.get("others", ()):
        # Of a wheel that is unpacked in the store, or lies unpacked in a directory.
        for path in (place[:-3] + "data/scripts/" + name, place + "/.prefix/bin/" + name):
            if "/" not in name and os.path.isfile(path):
                return "file", path
    refuse("no wheel has the script %r; there are: %s" % (name, ", ".join(sorted(scripts)) or "none"))


def inherited_path(config):
    """The packages of the interpreter that starts the bundle: of a virtual environment, where it belongs to one."""
    import site
    # The tree is named by the interpreter's path: ROOT/bundles/ID/at/PATH.
    prefix, prefixes = config["tree"][len(config["root"]) + 52:].rsplit("/", 2)[0], [sys.base_prefix]
    try:
        with open(prefix + "/pyvenv.cfg", "rb") as file:
            prefixes = [prefix] + prefixes * (b"packages = true" in file.read())
    except OSError:
        pass
    before = sys.path[:]
    for place in site.getsitepackages(prefixes):
        if os.path.isdir(place):
            # Packages that are installed to be edited are on the path by `.pth` files.
            site.addsitedir(place)
    found, sys.path[:] = sys.path[len(before):], before
    return [place for place in found if place not in before]


HOOK = (
    "import sys\n"
    "def hook():\n"
    "    try:\n"
    "        import readline, rlcompleter\n"
    "    except ImportError:\n"
    "        return\n"
    "    readline.parse_and_bind('tab: complete')\n"
    "    name = %r\n"
    "    if name:\n"
    "        import atexit\n"
    "        try:\n"
    "            readline.read_history_file(name)\n"
    "        except OSError:\n"
    "            pass\n"
    "        atexit.register(readline.write_history_file, name)\n"
    "sys.__interactivehook__ = hook\n"
    "print('Python', sys.version, 'on', sys.platform)\n"
)


def run_file(path, scope):
    """Runs a script of a wheel."""
    sys.argv[0] = path
    with open(path, "rb") as file:
        text = file.read()
    if not text.startswith((b"#!/bin/sh\n'''exec'", b"#!python")):
        # Not one of Python's: a program, or a script of another language.
        os.execv(path, sys.argv)
    code = compile(text, path, "exec")
    scope.clear()
    scope.update(__name__="__main__", __file__=path)
    exec(code, scope)


def interpreter(config, arguments):
    """Becomes a Python that sees what the bundle holds."""
    os.environ.pop("PYTHONPATH", None)
    own = config["path"]
    start = sys.path.index(next(place for place in sys.path if place in own))
    os.environb[b"__KILT_PATH"] = joined(*[
        [place for place in part if place not in own] for part in (sys.path[:start], sys.path[start:])])
    python = config["tree"] + "/bin/python"
    sys.stdout.flush()
    if arguments[:1] == ["--"]:
        # As in PEX: `FILE -- -c CODE` runs the code. To Python, `-c` would be a file's name here.
        arguments = arguments[1:]
    if not arguments and sys.stdin and sys.stdin.isatty():
        file = history()
        if file is not None:
            os.environ["PYTHON_BASIC_REPL"] = "1"
            arguments = ["-i", "-c", HOOK % file]
    os.execv(python, [python, "-s"] + FLAGS + arguments)


def history():
    """The file of PEX_INTERPRETER_HISTORY; empty for none, and None where nothing is said of it."""
    if "PEX_INTERPRETER_HISTORY" not in HISTORY:
        return None
    os.environ["PEX_INTERPRETER_HISTORY"] = HISTORY["PEX_INTERPRETER_HISTORY"]
    asked = flag("PEX_INTERPRETER_HISTORY")
    del os.environ["PEX_INTERPRETER_HISTORY"]
    return os.path.expanduser(HISTORY.get("PEX_INTERPRETER_HISTORY_FILE") or "~/.python_history") if asked else ""


# Read before the variables are hidden from the program.
HISTORY = {name: os.environ[name] for name in os.environ if name.startswith("PEX_INTERPRETER_HISTORY")}
# Those of the interpreter, as it was started.
FLAGS = []
