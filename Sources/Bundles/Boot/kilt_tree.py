"""Makes the tree that a bundle starts from: shaped like a virtual environment, of links to the wheels and the code."""
import os
import sys

from kilt_boot import Fail, discard, publish, remove, temporary

join = os.path.join


def whole(tree, home, info, root):
    """Whether a tree that is there, made by another start meanwhile, can be used."""
    try:
        with open(tree + "/kilt_config.py", encoding="ascii") as file:
            text = file.read()
    except (OSError, UnicodeDecodeError):
        return False
    # Where the cache was moved, the links and paths in the tree were not; an interpreter may have been replaced.
    found = ("    'tree': %a,\n" % tree in text and "    'python': %d,\n" % sys.hexversion in text
             and os.path.realpath(tree + "/bin/python") == base_interpreter() and os.access(tree + "/bin/python", os.X_OK)
             and all(os.path.exists(join(tree, name)) for name in ("__main__.py", "kilt_start", "pyvenv.cfg"))
             and os.path.isdir(tree + "/lib/python%d.%d" % sys.version_info[:2]) and os.path.isdir(home + "/code")
             and all(os.path.isdir(join(root, "wheels", info["distributions"][name])) for name in wheels(info)))
    return found


def wrapper(python):
    """When an interpreter that becomes another one was changed, in nanoseconds; None of one that does not.

    None, too, of one that was changed just now, as its next change may have the same time, and of one that becomes another
    interpreter in another directory.
    """
    import time
    chosen = os.environ.pop("__KILT_CHOSEN", None)
    status = os.stat(python)
    changed = max(status.st_mtime, status.st_ctime)
    if chosen or os.path.samestat(status, os.stat(base_interpreter())) or changed > time.time() - 2:
        return None
    return status.st_mtime_ns


def note_wrapper(tree, changed):
    """Notes what an interpreter that becomes another one was when it was asked, so that later starts need not ask."""
    try:
        with open(tree + "/wrapped.of", "w"):
            os.utime(tree + "/wrapped.of", ns=(changed, changed))
        with open(tree + "/wrapped", "w"):
            os.utime(tree + "/wrapped")
    except OSError:
        # A store that cannot be written: each start asks.
        pass


def discard_damaged(bundle, info, root, home):
    """Takes wheels and code out of the store that lack files. Returns whether there were any."""
    import kilt_unpack
    places = {name: join(root, "wheels", info["distributions"][name]) for name in wheels(info)}
    found = kilt_unpack.damaged(kilt_unpack.opened(bundle), places, home + "/code")
    for place in found:
        discard(place, root)
    return bool(found)


def wheels(info):
    """The file names of the bundle's wheels for this interpreter and host, in the order of sys.path."""
    kilt = info["kilt"]
    sets = kilt.get("platforms") or [kilt["wheels"]]
    if not any(name[-8:] != "-any.whl" for names in sets for name in names) and len(sets) == 1:
        return sets[0]
    import kilt_tags
    for names in sets:
        if all(kilt_tags.fits(name) for name in names):
            return names
    worst = [next(name for name in names if not kilt_tags.fits(name)) for names in sets]
    raise Fail("its wheels are not for this host, which is %s\n%s" % (
        kilt_tags.describe(), "\n".join("  %s does not fit" % name for name in worst)))


def make(bundle, texts, info, root, home, tree, python):
    """Unpacks what is lacking, and builds the tree."""
    import kilt_unpack
    names = wheels(info)
    code = home + "/code"
    if not all(os.path.isdir(join(root, "wheels", info["distributions"][n])) for n in names) or not os.path.isdir(code):
        kilt_unpack.install(bundle, {name: info["distributions"][name] for name in names}, root, code)
    build(texts, info, root, code, tree, python, [join(root, "wheels", info["distributions"][name]) for name in names])


def build(texts, info, root, code, tree, python, wheels):
    made = temporary(root)
    try:
        version = "python%d.%d" % sys.version_info[:2]
        make_environment(made, version)
        site = join("lib", version, "site-packages")
        merge(join(made, site), [w + "/lib" for w in wheels], info.get("venv_site_packages_copies"))
        with open(join(made, site, "__kilt__.pth"), "w") as file:
            file.write("import sys; exec(%a, {})\n" % (CHILD % {"code": code, "roots": (code, join(tree, site))}))
        scripts = link_data(made, tree, wheels, version, info)
        config = configuration(info, scripts, made, tree, root, code, wheels + [code])
        write_start(made, tree, texts, config)
        # By the tree, where the bytecode of modules beside packages is: what a wheel has as a directory, all trees share.
        compile_entry(config["entry"], [code] + standard_path() + [join(made, site)])
        publish(made, tree)
    except BaseException:
        remove(made)
        raise


# Executed by `site` of interpreters that the program starts by sys.executable. One that starts a module's file, as a program
# that was started as a module does when it starts itself again, finds what it found: its package, and not its directory.
CHILD = (
    "import os, sys\n"
    "sys.path.insert(0, %(code)a)\n"
    "front, _, back = os.environ.get('__KILT_PATH', '').rpartition('::')\n"
    "sys.path[:0] = front and front.split(os.pathsep)\n"
    "sys.path += back and back.split(os.pathsep)\n"
    "place = os.path.dirname((getattr(sys, 'argv', None) or [''])[0])\n"
    "class Begin(object):\n"
    " @staticmethod\n"
    " def find_spec(*_):\n"
    "  if sys.path[0] == place:\n"
    "   sys.meta_path.remove(Begin)\n"
    "   del sys.path[0]\n"
    "for root in %(roots)a:\n"
    " if place.startswith(root + '/'):\n"
    "  sys.modules['__main__'].__package__ = place[len(root) + 1:].replace('/', '.')\n"
    "  sys.meta_path.insert(0, Begin)\n"
)


def compile_entry(entry, path):
    """Writes the bytecode of the module that the bundle starts: a start with PYTHONDONTWRITEBYTECODE never would."""
    kind, value = entry
    if kind not in ("module", "function"):
        return
    import warnings
    finder = sys.modules["_frozen_importlib_external"].PathFinder
    try:
        for name in value.partition(":")[0].split("."):
            spec = finder.find_spec(name, path)
            path = spec.submodule_search_locations
        if path is not None and kind == "module":
            spec = finder.find_spec("__main__", path)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            spec.loader.get_code(spec.name)
    except (AttributeError, ImportError, SyntaxError, ValueError):
        # The start itself says what is wrong with it.
        pass


def configuration(info, scripts, made, tree, root, code, needs):
    """What a start has to know: worked out once, so that no start does."""
    site = join("lib", "python%d.%d" % sys.version_info[:2], "site-packages")
    path = [code] + standard_path()
    if join(tree, site) != code:
        path.append(join(tree, site))
    added, lines = read_pth(join(made, site), join(tree, site))
    path += [p for p in added if p not in path]
    return {
        "entry": entry_point(info, scripts, made, tree),
        "python": sys.hexversion,
        "needs": needs,
        "tree": tree,
        "root": root,
        # What starts the bundle anew, below its path: of a bundle that is a directory, a file in it.
        "script": "/pex" if info["kilt"].get("layout") else "",
        "path": path,
        "args": list(info.get("inject_args") or []),
        "env": dict(info.get("inject_env") or {}),
        "strip": bool(info.get("strip_pex_env", True)),
        "inherit": "" if info.get("inherit_path", "false") == "false" else info["inherit_path"],
        "warns": bool(info.get("emit_warnings", True)),
        "hermetic": bool(info.get("venv_hermetic_scripts", True)),
        "bin": info.get("venv_bin_path", "false"),
        # Whether each start has more to do than usual.
        "special": (info.get("inherit_path", "false") != "false" or info.get("venv_bin_path", "false") != "false"
                    or not info.get("venv_hermetic_scripts", True) or any("{" in a for a in info.get("inject_args") or ())),
        "flags": flag_names(),
        "flags given": list(info.get("inject_python_args") or []),
        "pth": lines,
        "sitecustomize": has_module("sitecustomize", path),
        "scripts": scripts,
    }


def flag_names():
    """The attributes of sys.flags: those that it counts as a tuple, in their order, and then the others."""
    import re
    names = re.findall(r"(\w+)=", repr(sys.flags))
    return names + [name for name in dir(sys.flags) if name not in names and name[0] != "_"
                    and not callable(getattr(sys.flags, name)) and name[:2] != "n_"]


def base_interpreter():
    return os.path.realpath(getattr(sys, "_base_executable", None) or sys.executable)


def make_environment(made, version):
    base = base_interpreter()
    os.mkdir(join(made, "bin"))
    for name in ("python", "python3", version):
        os.symlink(base if name == "python" else "python", join(made, "bin", name))
    with open(join(made, "pyvenv.cfg"), "w") as file:
        file.write("home = %s\ninclude-system-site-packages = false\nversion = %d.%d.%d\n"
                   % ((os.path.dirname(base),) + sys.version_info[:3]))
    os.makedirs(join(made, "lib", version))


# Of an environment that stands by itself: it is started after it was moved, and by another patch release, too. Nothing
# makes it again.
STANDALONE = (
    "import os, posix, sys\n"
    "if __name__ == '__main__':\n"
    " tree = os.path.dirname(os.path.abspath(__file__))\n"
    " sys.path.insert(0, tree)\n"
    " import kilt_config, kilt_main\n"
    " del sys.path[0]\n"
    " os.environ['PEX'] = tree + '/pex'\n"
    " posix.environ[b'PEX'] = os.fsencode(tree + '/pex')\n"
    " kilt_main.start(kilt_main.moved(kilt_config.CONFIG, tree), globals())\n"
)
# Its file `pex`: a script of the shell, and one of Python for `bin/python pex`.
STANDALONE_PEX = (
    "#!/bin/sh\n"
    "'''':\n"
    "tree=\"%s\"\n"
    "[ -x \"$tree/bin/python\" ] || tree=${0%%/*}\n"
    "[ -z \"${PYTHONPATH+x}\" ] || { __KILT_PYTHONPATH=$PYTHONPATH && export __KILT_PYTHONPATH; }\n"
    "unset PYTHONPATH PYTHONHOME PYTHONPLATLIBDIR\n"
    "exec \"$tree/bin/python\" -sS \"$tree/__main__.py\" \"$@\"\n"
    "'''\n"
    "import os\n"
    "__file__ = os.path.join(os.path.dirname(os.path.abspath(__file__)), '__main__.py')\n"
    "with open(__file__) as file:\n"
    "    exec(compile(file.read(), __file__, 'exec'))\n"
)


def write_standalone(target, texts, config):
    """What starts an environment that needs neither the bundle nor the store."""
    sources = {name: texts[name] for name in ("kilt_main", "kilt_run", "kilt_boot", "kilt_unpack", "kilt_tree", "kilt_tags")}
    sources.update(kilt_config=settings(dict(config, script=None)), __main__=STANDALONE)
    for name, source in sources.items():
        with open(join(target, name + ".py"), "wb") as file:
            file.write(source.encode())
    with open(join(target, "pex"), "wb") as file:
        file.write((STANDALONE_PEX % quoted(target)).encode("utf-8", "surrogateescape"))
    os.chmod(join(target, "pex"), 0o755)


def settings(config):
    return "CONFIG = {\n%s}\n" % "".join("    %a: %a,\n" % item for item in config.items())


def write_start(made, tree, texts, config):
    """What every start executes, with its bytecode: a start would write that too, but not into a read-only cache."""
    import marshal
    external = sys.modules["_frozen_importlib_external"]
    os.makedirs(join(made, "__pycache__"), exist_ok=True)
    # In one file, and none of Python's searching for modules: it would take longer than all the rest of it.
    start, run = [compile(texts[name], join(tree, name + ".py"), "exec", dont_inherit=True) for name in ("kilt_main", "kilt_run")]
    with open(join(made, "kilt_start"), "wb") as file:
        file.write(sys.hexversion.to_bytes(4, "little") + marshal.dumps((start, config)))
        size = file.tell()
    sources = {name: texts[name] for name in ("kilt_main", "kilt_run", "kilt_boot", "kilt_unpack", "kilt_tree", "kilt_tags")}
    sources.update(kilt_config=settings(config), __main__=MAIN % (size, config["script"]))
    for name, source in sources.items():
        with open(join(made, name + ".py"), "wb") as file:
            file.write(source.encode())
    # Bytecode by hash, unchecked (PEP 552): nobody edits this file.
    with open(external.cache_from_source(join(made, "kilt_run.py")), "wb") as file:
        file.write(external.MAGIC_NUMBER + b"\1\0\0\0" + bytes(8) + marshal.dumps(run))


MAIN = (
    "import sys\n"
    "if __name__ == '__main__':\n"
    " import marshal, posix\n"
    " kilt = {'__name__': 'kilt_main'}\n"
    " try: file = posix.open(__file__[:-11] + 'kilt_start', 0o2000000); text = posix.read(file, %d); posix.close(file)\n"
    " except OSError: text = b''\n"
    " if text[:4] != sys.hexversion.to_bytes(4, 'little'): sys.path.insert(0, __file__[:-12]); import kilt_main; kilt_main.again(%a)\n"
    " code, config = marshal.loads(text[4:])\n"
    " exec(code, kilt)\n"
    " kilt['start'](config, globals())\n"
)


def linked(tree, needs):
    """Whether a tree has what its wheels, the directories `needs`, have at their top."""
    site = join(tree, "lib", "python%d.%d" % sys.version_info[:2], "site-packages")
    try:
        there = set(os.listdir(site))
        return all(os.path.exists(join(site, name)) for name in there) and all(
            there.issuperset(name for name in os.listdir(place + "/lib") if name != "__pycache__")
            for place in needs if os.path.isdir(place + "/lib"))
    except OSError:
        return False


def merge(target, sources, copies=False):
    """A directory with all that the sources hold: links where one source has a name, directories where several do.

    The links lead to directories where possible, so that bytecode, which Python writes beside the code it imports, is
    written once a wheel and not once a bundle.
    """
    os.mkdir(target)
    found = {}
    for source in sources:
        for entry in os.scandir(source):
            # The tree has a file of that name itself.
            if entry.name not in ("__pycache__", "__kilt__.pth"):
                found.setdefault(entry.name, []).append(entry)
    for name in sorted(found):
        entries = found[name]
        if copies and not entries[0].is_dir():
            import shutil
            shutil.copy2(entries[0].path, join(target, name))
        elif copies or len(entries) > 1 and all(entry.is_dir() for entry in entries):
            merge(join(target, name), [entry.path for entry in entries if entry.is_dir()], copies)
        else:
            os.symlink(entries[0].path, join(target, name))


def link_data(made, tree, wheels, version, info):
    """Scripts into bin, headers and data where an installer puts them. Returns the entry points of console scripts."""
    hermetic = "sE" if info.get("venv_hermetic_scripts", True) else "s"
    scripts = {}
    # Of two scripts of one name, the first counts, as of two files.
    for wheel in reversed(wheels):
        scripts.update(all_scripts(wheel + "/lib"))
    own = ("python", "python3", version)
    for name, target in sorted(scripts.items()):
        if name in own:
            # The interpreter: what is written there would be written to what the link leads to.
            continue
        module, _, function = target.partition(":")
        text = ("import re\nimport sys\nfrom %s import %s\nif __name__ == '__main__':\n"
                "    sys.argv[0] = re.sub(r'(-script\\.pyw|\\.exe)?$', '', sys.argv[0])\n    sys.exit(%s())\n"
                % (module, function.split(".")[0], function))
        write_script(join(made, "bin", name), tree, text.encode(), hermetic)
    groups = {}
    for wheel in wheels:
        data = wheel + "/data"
        for scheme in sorted(os.listdir(data)) if os.path.isdir(data) else ():
            groups.setdefault(scheme, []).append(join(data, scheme))
    for source in groups.get("scripts", ()):
        for name in sorted(os.listdir(source)):
            with open(join(source, name), "rb") as file:
                text = file.read()
            target = join(made, "bin", name)
            if os.path.lexists(target):
                continue
            if text.startswith(b"#!python"):
                write_script(target, tree, text.partition(b"\n")[2], hermetic)
            else:
                with open(target, "wb") as file:
                    file.write(text)
                os.chmod(target, 0o755)
    if "headers" in groups:
        os.makedirs(join(made, "include", "site"))
        merge(join(made, "include", "site", version), groups["headers"])
    for source in groups.get("data", ()):
        link_into(made, source, ("__main__.py", "__pycache__", "pex", "wrapped", "wrapped.of", "unfit", "unfit.of"))
    return scripts


def link_into(target, source, own=()):
    """Links to the files of a directory, below another one that has some names itself."""
    for entry in sorted(os.scandir(source), key=lambda entry: entry.name):
        place = join(target, entry.name)
        if own and (entry.name in own or entry.name[:5] == "kilt_"):
            continue
        if entry.is_dir():
            if os.path.islink(place) and os.path.isdir(place):
                # A directory of some wheel, in the store: a directory of links takes its place.
                there = os.path.realpath(place)
                os.unlink(place)
                merge(place, [there])
            elif os.path.lexists(place) and not os.path.isdir(place):
                continue
            os.makedirs(place, exist_ok=True)
            link_into(place, entry.path)
        elif not os.path.lexists(place):
            os.symlink(entry.path, place)


def quoted(path):
    """A path between double quotes of a shell."""
    return path.replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$").replace("`", "\\`")


def write_script(path, tree, text, flags):
    # Through a shell: a path with spaces, or longer than 127 bytes, cannot stand behind `#!`.
    quoted = (tree + "/bin/python").replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$").replace("`", "\\`")
    with open(path, "wb") as file:
        file.write(("#!/bin/sh\n'''exec' \"%s\" -%s \"$0\" \"$@\"\n' '''\n" % (quoted, flags)).encode(
            "utf-8", "surrogateescape"))
        file.write(text)
    os.chmod(path, 0o755)


def all_scripts(site):
    """The console scripts of the distributions in a directory."""
    scripts = {}
    for name in sorted(os.listdir(site)):
        if name.endswith(".dist-info"):
            scripts.update(console_scripts(join(site, name, "entry_points.txt")))
    return scripts


def console_scripts(path):
    """The console and GUI scripts of an entry_points.txt."""
    scripts = {}
    try:
        with open(path, encoding="utf-8") as file:
            lines = file.read().splitlines()
    except FileNotFoundError:
        return scripts
    section = ""
    for line in lines:
        line = line.partition("#")[0].strip()
        if line.startswith("["):
            section = line.strip("[] ")
        elif "=" in line and section in ("console_scripts", "gui_scripts"):
            name, _, target = line.partition("=")
            name = name.strip()
            # A name is one of a file in bin, wherever it says it would rather be.
            if name not in ("", ".", "..") and "/" not in name:
                scripts[name] = target.partition("[")[0].replace(" ", "")
    return scripts


def standard_path():
    """The standard library's part of sys.path."""
    pex = os.environ["PEX"]
    return [p for p in sys.path if p and not p.startswith(pex) and os.path.isabs(p)]


def read_pth(site, final):
    """What `site` would make of the .pth files: paths to add, and lines to execute at each start."""
    paths, lines = [], []
    for name in sorted(os.listdir(site)):
        if not name.endswith(".pth") or name == "__kilt__.pth":
            continue
        with open(join(site, name), encoding="utf-8", errors="surrogateescape") as file:
            for line in file.read().splitlines():
                if line.startswith(("import ", "import\t")):
                    lines.append((final, line.rstrip()))
                elif line.strip() and not line.startswith("#"):
                    if os.path.exists(join(site, line.strip())):
                        paths.append(os.path.normpath(join(final, line.strip())))
    return paths, lines


def has_module(name, path):
    finder = sys.modules["_frozen_importlib_external"].PathFinder
    return finder.find_spec(name, [p for p in path if os.path.isdir(p)]) is not None


def entry_point(info, scripts, made, tree):
    """The kind and value of what the bundle starts."""
    script = info.get("script")
    if script:
        if script in scripts:
            return "function", scripts[script]
        if os.path.isfile(join(made, "bin", script)):
            return "file", join(tree, "bin", script)
        raise Fail("no wheel has the script %r; there are: %s" % (script, ", ".join(sorted(scripts)) or "none"))
    entry = info.get("entry_point")
    if not entry:
        return "interpreter", ""
    return ("function" if ":" in entry else "module"), entry
