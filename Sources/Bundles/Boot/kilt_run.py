"""Starts a bundle's program when a PEX_* variable asks for something special. Lives in the unpacked tree."""
import os
import sys

REFUSED = ("PEX_PROFILE", "PEX_PROFILE_FILENAME", "PEX_PROFILE_SORT", "PEX_COVERAGE", "PEX_COVERAGE_FILENAME")


def truthy(name):
    return os.environ.get(name, "").lower() in ("1", "true", "yes", "on")


def prepare(config):
    """Applies the variables to sys.path and the environment. Returns the kind and value of what to start."""
    get = os.environ.get
    for name in REFUSED:
        if get(name):
            sys.exit("%s: %s is not supported: run the program under cProfile or coverage with PEX_INTERPRETER=1"
                     % (get("PEX"), name))
    kind, value = config["entry"]
    if truthy("PEX_INTERPRETER"):
        kind, value = "interpreter", ""
    elif get("PEX_MODULE"):
        value = os.environ["PEX_MODULE"]
        kind = "function" if ":" in value else "module"
    elif get("PEX_SCRIPT"):
        kind, value = script(config, os.environ["PEX_SCRIPT"])
    inherit = get("PEX_INHERIT_PATH", "") or config["inherit"]
    if inherit not in ("", "0", "false"):
        if inherit not in ("1", "prefer", "fallback"):
            sys.exit("PEX_INHERIT_PATH must be false, prefer or fallback, not %r" % inherit)
        inherited = inherited_path(config)
        if inherit in ("1", "fallback"):
            sys.path += inherited
        else:
            sys.path[:0] = inherited
    if get("PEX_PATH"):
        sys.path.insert(0, config["tree"])
        import kilt_boot
        sys.path.pop(0)
        for pex in os.environ["PEX_PATH"].split(os.pathsep):
            if pex:
                sys.path += kilt_boot.merge_pex(os.path.abspath(pex), config["root"])
    if get("PEX_EXTRA_SYS_PATH"):
        sys.path += [p for p in os.environ["PEX_EXTRA_SYS_PATH"].split(os.pathsep) if p]
    where = get("PEX_VENV_BIN_PATH")
    if where in ("prepend", "append"):
        path = [config["tree"] + "/bin", get("PATH", os.defpath)]
        os.environ["PATH"] = os.pathsep.join(path if where == "prepend" else path[::-1])
    if get("PEX_VERBOSE"):
        sys.stderr.write("%s: unpacked at %s, starts %s %s\n" % (get("PEX"), config["tree"], kind, value))
    return kind, value


def script(config, name):
    """What the console script `name` of some wheel starts."""
    scripts = config["scripts"]
    if name in scripts:
        return "function", scripts[name]
    path = config["tree"] + "/bin/" + name
    if os.path.isfile(path):
        return "file", path
    known = ", ".join(sorted(scripts)) or "none"
    sys.exit("%s: no wheel has the script %r; there are: %s" % (os.environ.get("PEX"), name, known))


def inherited_path(config):
    """PYTHONPATH and the site-packages of the interpreter itself."""
    import site
    prefix = sys.base_prefix
    found = [p for p in os.environ.get("PYTHONPATH", "").split(os.pathsep) if p]
    return found + [p for p in site.getsitepackages([prefix]) if os.path.isdir(p) and p not in sys.path]


def interpreter(config, arguments):
    """Becomes a Python that sees what the bundle holds."""
    os.environ.pop("PYTHONPATH", None)
    extra = [p for p in sys.path if p not in config["path"]]
    if extra:
        os.environ["PYTHONPATH"] = os.pathsep.join(extra)
    python = config["tree"] + "/bin/python"
    sys.stdout.flush()
    os.execv(python, [python, "-s"] + arguments)
