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
    return int(value) if value.isdigit() else refuse("PEX_VERBOSE must be a number from 0 to 9, not %r" % value)


def prepare(config):
    """Applies the variables to sys.path and the environment.

    Returns the kind and value of what to start, and what to start it within, or None.
    """
    get = os.environ.get
    if flag("PEX_EMIT_WARNINGS", True):
        for name in GONE:
            if name in os.environ:
                sys.stderr.write("%s: %s has no effect any more\n" % (get("PEX"), name))
    kind, value = config["entry"]
    if get("PEX_MODULE") and get("PEX_SCRIPT"):
        refuse("PEX_MODULE and PEX_SCRIPT can not both be obeyed")
    if flag("PEX_INTERPRETER"):
        kind, value = "interpreter", ""
    elif get("PEX_MODULE"):
        value = os.environ["PEX_MODULE"]
        kind = "function" if ":" in value else "module"
    elif get("PEX_SCRIPT"):
        kind, value = script(config, os.environ["PEX_SCRIPT"])
    jobs = get("PEX_MAX_INSTALL_JOBS") or "0"
    if not jobs.isdigit() and jobs != "-1":
        refuse("PEX_MAX_INSTALL_JOBS must be a number from -1 on, not %r" % jobs)
    change_path(config)
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
    return kind, value, wrapper()


def change_path(config):
    """PEX_INHERIT_PATH, PEX_PATH and PEX_EXTRA_SYS_PATH."""
    get = os.environ.get
    inherit = get("PEX_INHERIT_PATH", "") or config["inherit"]
    if inherit not in ("", "false", "prefer", "fallback"):
        refuse("PEX_INHERIT_PATH must be false, prefer or fallback, not %r" % inherit)
    if inherit not in ("", "false"):
        inherited = inherited_path(config)
        if inherit == "fallback":
            sys.path += inherited
        else:
            sys.path[:0] = inherited
    if get("PEX_PATH"):
        sys.path.insert(0, config["tree"])
        import kilt_boot
        import kilt_unpack
        sys.path.pop(0)
        for pex in os.environ["PEX_PATH"].split(os.pathsep):
            if pex:
                try:
                    sys.path += merge_pex(kilt_unpack, os.path.abspath(os.path.expanduser(pex)), config["root"])
                except (OSError, EOFError, KeyError, ValueError, kilt_boot.Refuse) as error:
                    refuse("PEX_PATH: %s: %s" % (pex, error))
    extra = [p for p in get("PEX_EXTRA_SYS_PATH", "").split(os.pathsep) if p]
    if extra:
        sys.path += extra
        # For the Pythons that the program starts.
        before = get("PYTHONPATH", "").split(os.pathsep) if inherit not in ("", "false") else []
        os.environ["PYTHONPATH"] = os.pathsep.join([p for p in before if p] + extra)


def merge_pex(kilt_unpack, path, root):
    """The directories that another PEX, ours or a real one, adds to sys.path: its distributions."""
    import json
    deps = os.path.join(path, ".deps")
    if os.path.isdir(path):
        found = [os.path.join(deps, name) for name in (sorted(os.listdir(deps)) if os.path.isdir(deps) else ())]
        if all(os.path.isdir(name) for name in found):
            # One that is unpacked (`--layout loose`): what it holds can be used where it is.
            return found
    archive = kilt_unpack.opened(path)
    info = json.loads(archive.read("PEX-INFO").decode("utf-8"))
    names = sorted({n[0].split("/", 2)[1] for n in archive.members if n[0].startswith(".deps/") and n[0].count("/") >= 2})
    own = "kilt" in info
    keys = {}
    for name in names:
        key = info["distributions"].get(name, "")
        if key and all(letter in "0123456789abcdef" for letter in key):
            keys[name] = key if own else "pex-" + key
    return [place + "/lib" for place in kilt_unpack.install(path, keys, root, None)]


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
    refuse("no wheel has the script %r; there are: %s" % (name, ", ".join(sorted(scripts)) or "none"))


def inherited_path(config):
    """PYTHONPATH and the site-packages of the interpreter itself."""
    import site
    prefix = sys.base_prefix
    found = [p for p in os.environ.get("PYTHONPATH", "").split(os.pathsep) if p]
    return found + [p for p in site.getsitepackages([prefix]) if os.path.isdir(p) and p not in sys.path]


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


def interpreter(config, arguments):
    """Becomes a Python that sees what the bundle holds."""
    os.environ.pop("PYTHONPATH", None)
    extra = [p for p in sys.path if p not in config["path"]]
    if extra:
        os.environ["PYTHONPATH"] = os.pathsep.join(extra)
    python = config["tree"] + "/bin/python"
    sys.stdout.flush()
    history = HISTORY[0]
    if not arguments and history is not None and sys.stdin and sys.stdin.isatty():
        os.environ["PYTHON_BASIC_REPL"] = "1"
        arguments = ["-i", "-c", HOOK % history]
    os.execv(python, [python, "-s"] + arguments)


def history():
    """The file of PEX_INTERPRETER_HISTORY; empty for none, and None where nothing is said of it."""
    if "PEX_INTERPRETER_HISTORY" not in os.environ:
        return None
    name = os.environ.get("PEX_INTERPRETER_HISTORY_FILE") or "~/.python_history"
    return os.path.expanduser(name) if flag("PEX_INTERPRETER_HISTORY") else ""


# Read before the variables are hidden from the program.
HISTORY = [history()]
