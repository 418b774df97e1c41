"""The first start of a bundle on a host: unpacks it into the host's store and starts it from there.

    ROOT/wheels/SHA256/{lib,data}     a wheel, once for all bundles
    ROOT/bundles/ID/code              the workspace's own code, once a bundle
    ROOT/bundles/ID/at/PATH/OF/PYTHON a tree shaped like a virtual environment, of links into the other two

Each of these is made under another name and renamed when it is whole, so that a start that is killed leaves only
rubbish, and starts at the same time do not see halves.
"""
import json
import os
import shutil
import stat
import sys
import zipfile
import zlib

join = os.path.join


class Fail(Exception):
    """Ends with exit code 3: the environment lacks something."""


def main(bundle):
    os.environ["PEX"] = bundle
    try:
        with Archive(bundle) as archive:
            info = json.loads(archive.read("PEX-INFO").decode("utf-8"))
            if os.environ.get("PEX_TOOLS", "").lower() in ("1", "true", "yes", "on"):
                sys.exit(tools(info, sys.argv[1:]))
            kilt = info["kilt"]
            version = list(sys.version_info[:3])
            if not any(first <= version <= last for first, last in kilt["python"]):
                if "__KILT_PYTHON" in os.environ:
                    raise Fail("%s does not meet %s" % (sys.executable, kilt["constraints"]))
                os.execv("/bin/sh", ["/bin/sh", bundle] + sys.argv[1:])
            tree = prepare(archive, info)
    except Fail as error:
        sys.stderr.write("%s: %s\n" % (bundle, error))
        sys.exit(3)
    except (OSError, zipfile.BadZipFile, zlib.error) as error:
        sys.stderr.write("%s: cannot unpack: %s\n  set PEX_ROOT to a directory with space that you may write to\n"
                         % (bundle, error))
        sys.exit(3)
    for name in ("__KILT_PYTHON", "__KILT_DAMAGED"):
        os.environ.pop(name, None)
    flags = "-sSE" if os.environ.get("PYTHONPATH") or os.environ.get("PYTHONHOME") else "-sS"
    if flags == "-sSE":
        flags += "u" if os.environ.get("PYTHONUNBUFFERED") else ""
        flags += "B" if os.environ.get("PYTHONDONTWRITEBYTECODE") else ""
    python = tree + "/bin/python"
    os.execv(python, [python, flags, tree + "/__main__.py"] + sys.argv[1:])


def prepare(archive, info):
    """The tree of this bundle for this interpreter, unpacked where it is not yet. Returns its path."""
    kilt = info["kilt"]
    python = os.environ.get("__KILT_PYTHON") or sys.executable
    if not os.path.isabs(python):
        python = os.path.abspath(python)
    root = choose_root(archive)
    home = join(root, "bundles", kilt["id"])
    tree = home + "/at" + os.path.normpath(python)
    damaged = "__KILT_DAMAGED" in os.environ
    if os.path.exists(tree + "/__main__.py") and not damaged and os.access(tree + "/bin/python", os.X_OK):
        return tree
    os.makedirs(home, exist_ok=True)
    with Lock(join(home, "lock")):
        if os.path.exists(tree + "/__main__.py"):
            if whole(tree, home, kilt, info, root):
                return tree
            discard(tree, root)
        wheels = install(archive, info, root, home)
        build_tree(archive, info, root, home, tree, wheels)
    return tree


def whole(tree, home, kilt, info, root):
    """Whether a tree that is there, made by another start meanwhile, can be used."""
    wheels = [join(root, "wheels", info["distributions"][w]) for w in kilt["wheels"]]
    version = tree + "/lib/python%d.%d" % sys.version_info[:2]
    try:
        with open(tree + "/kilt_config.py", encoding="ascii") as file:
            if "    'tree': %a,\n" % tree not in file.read():
                # The cache was moved, and the links and paths in the tree were not.
                return False
    except (OSError, UnicodeDecodeError):
        return False
    return (os.access(tree + "/bin/python", os.X_OK) and os.path.isdir(version) and os.path.isdir(home + "/code")
            and all(os.path.isdir(w) for w in wheels))


# The root of the store


def choose_root(archive):
    """Where to unpack: PEX_ROOT, the user's cache, or, with a warning, the temporary directory."""
    if os.environ.get("PEX_ROOT"):
        root = join(os.path.abspath(os.environ["PEX_ROOT"]), "kilt")
    else:
        home = os.environ.get("HOME", "")
        cache = os.environ.get("XDG_CACHE_HOME") or (home and join(home, ".cache"))
        root = join(cache, "kilt", "runtime") if cache else ""
    native = any(name.endswith(".so") or ".so." in name for name in archive.names)
    problem = unusable(root, native)
    if problem is None:
        return root
    fallback = join(os.environ.get("TMPDIR") or "/tmp", "kilt-runtime-%d" % os.getuid())
    os.makedirs(fallback, mode=0o700, exist_ok=True)
    status = os.lstat(fallback)
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid() or status.st_mode & 0o022:
        raise Fail("%s; and %s is not a directory of this user alone\n  set PEX_ROOT to a directory that you may "
                   "write to" % (problem, fallback))
    other = unusable(fallback, native)
    if other is not None:
        raise Fail("%s; %s\n  set PEX_ROOT to a directory that you may write to" % (problem, other))
    sys.stderr.write("%s: %s; unpacking into %s instead\n" % (archive.path, problem, fallback))
    return fallback


def unusable(root, native):
    """Why a directory can not hold unpacked bundles; None when it can."""
    if not root:
        return "HOME is not set"
    try:
        os.makedirs(root, exist_ok=True)
    except OSError as error:
        return "%s cannot be created: %s" % (root, error.strerror)
    if not os.access(root, os.W_OK | os.X_OK):
        return "%s is not writable" % root
    flags = os.statvfs(root).f_flag
    if flags & os.ST_RDONLY:
        return "%s is on a read-only file system" % root
    if native and flags & getattr(os, "ST_NOEXEC", 8):
        return "%s is on a file system mounted noexec, and the bundle has compiled modules" % root
    return None


class Lock(object):
    """Lets one start at a time unpack a bundle. A process that ends, however it ends, gives it up."""

    def __init__(self, path):
        self.path = path

    def __enter__(self):
        self.file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            import fcntl
            fcntl.flock(self.file, fcntl.LOCK_EX)
        except OSError:
            # A file system without locks: the renames decide who was first.
            pass
        return self

    def __exit__(self, *_):
        os.close(self.file)


def temporary(root):
    """A new directory to unpack into, on the file system of the store."""
    import tempfile
    parent = join(root, "incoming")
    os.makedirs(parent, exist_ok=True)
    sweep(parent)
    return tempfile.mkdtemp(dir=parent)


def sweep(parent):
    """Removes what starts that were killed have left, a day later."""
    import time
    for entry in os.scandir(parent):
        try:
            if entry.stat(follow_symlinks=False).st_mtime < time.time() - 86400:
                shutil.rmtree(entry.path, ignore_errors=True)
        except FileNotFoundError:
            pass


def publish(made, place, root):
    """Gives a finished directory its name; whoever was first wins."""
    os.makedirs(os.path.dirname(place), exist_ok=True)
    os.chmod(made, 0o755)
    try:
        os.rename(made, place)
    except OSError:
        if not os.path.isdir(place):
            raise
        shutil.rmtree(made, ignore_errors=True)


def discard(path, root):
    """Takes a damaged directory out of the way in one step."""
    import tempfile
    parent = join(root, "incoming")
    os.makedirs(parent, exist_ok=True)
    away = tempfile.mkdtemp(dir=parent)
    try:
        os.rename(path, join(away, "damaged"))
    except FileNotFoundError:
        pass
    shutil.rmtree(away, ignore_errors=True)


# Unpacking


class Archive(object):
    """The zip of a bundle, its members by name."""

    def __init__(self, path):
        self.path = path
        self.zip = zipfile.ZipFile(path)
        self.infos = self.zip.infolist()
        self.names = [info.filename for info in self.infos]
        self.descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.zip.close()
        os.close(self.descriptor)

    def read(self, name):
        return self.zip.read(name)

    def data(self, info):
        """The bytes of a member. Positioned reads, so that several processes can share the descriptor."""
        header = os.pread(self.descriptor, 30, info.header_offset)
        start = info.header_offset + 30 + int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little")
        data = read_all(self.descriptor, info.compress_size, start)
        if info.compress_type == zipfile.ZIP_DEFLATED:
            data = zlib.decompress(data, -15, max(1, info.file_size))
        if len(data) != info.file_size or zlib.crc32(data) != info.CRC:
            raise zipfile.BadZipFile("%s is damaged" % info.filename)
        return data


def read_all(descriptor, size, offset):
    parts = []
    while size > 0:
        part = os.pread(descriptor, min(size, 1 << 30), offset)
        if not part:
            raise zipfile.BadZipFile("the file ends too early")
        parts.append(part)
        size -= len(part)
        offset += len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def install(archive, info, root, home):
    """Unpacks the wheels and the code that the host does not have. Returns the wheels' directories."""
    kilt = info["kilt"]
    places = {}
    for wheel in kilt["wheels"]:
        places[".deps/%s/" % wheel] = join(root, "wheels", info["distributions"][wheel])
    wheels = list(places.values())
    code = join(home, "code")
    missing = {prefix: temporary(root) for prefix, place in places.items() if not os.path.isdir(place)}
    made_code = None if os.path.isdir(code) else temporary(root)
    jobs = []
    for member in archive.infos:
        name = member.filename
        if name.endswith("/"):
            continue
        if name.startswith(".deps/"):
            cut = name.index("/", 6) + 1
            made = missing.get(name[:cut])
            if made is not None and name[cut:] != ".layout.json":
                jobs.append((member, join(made, wheel_path(name[cut:]))))
        elif made_code is not None and not name.startswith((".bootstrap/", "__pex__/")):
            if name not in ("PEX-INFO", "__main__.py"):
                jobs.append((member, join(made_code, name)))
    try:
        extract(archive, jobs)
        for prefix, made in missing.items():
            os.makedirs(join(made, "lib"), exist_ok=True)
            publish(made, places[prefix], root)
        if made_code is not None:
            publish(made_code, code, root)
    except BaseException:
        for made in list(missing.values()) + [made_code]:
            if made is not None:
                shutil.rmtree(made, ignore_errors=True)
        raise
    return wheels


def wheel_path(name):
    """Where a wheel's member goes: what lies in `.data` belongs to a scheme of its own (PEP 427)."""
    parts = name.split("/", 2)
    if len(parts) == 3 and parts[0].endswith(".data"):
        scheme, rest = parts[1:]
        if scheme in ("purelib", "platlib"):
            return join("lib", rest)
        project = parts[0][:-5].rsplit("-", 1)[0]
        return join("data", scheme, project, rest) if scheme == "headers" else join("data", scheme, rest)
    return join("lib", name)


def extract(archive, jobs):
    """Writes members to files, on several processes where there is enough to do."""
    for directory in {os.path.dirname(path) for _, path in jobs}:
        os.makedirs(directory, exist_ok=True)
    total = sum(member.file_size for member, _ in jobs)
    try:
        processors = len(os.sched_getaffinity(0))
    except (AttributeError, OSError):
        processors = os.cpu_count() or 1
    workers = min(processors, 8, len(jobs) // 100, total // (2 << 20))
    if workers < 2:
        return write_members(archive, jobs)
    jobs.sort(key=lambda job: -job[0].file_size)
    children = []
    for worker in range(workers - 1):
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reader)
            try:
                write_members(archive, jobs[worker::workers])
                os._exit(0)
            except BaseException as error:
                os.write(writer, str(error).encode("utf-8", "replace")[:4000])
                os._exit(1)
        os.close(writer)
        children.append((child, reader))
    failure = None
    try:
        write_members(archive, jobs[workers - 1::workers])
    except (OSError, zipfile.BadZipFile, zlib.error) as error:
        failure = error
    for child, reader in children:
        said = os.read(reader, 4096)
        os.close(reader)
        if os.waitpid(child, 0)[1] != 0:
            failure = failure or OSError(said.decode("utf-8", "replace") or "a process that unpacked was killed")
    if failure is not None:
        raise failure


def write_members(archive, jobs):
    for member, path in jobs:
        data = archive.data(member)
        mode = 0o777 if member.external_attr >> 16 & 0o111 else 0o666
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
        try:
            view = memoryview(data)
            while view:
                view = view[os.write(file, view):]
        finally:
            os.close(file)


# The tree


def build_tree(archive, info, root, home, tree, wheels):
    kilt = info["kilt"]
    made = temporary(root)
    version = "python%d.%d" % sys.version_info[:2]
    base = os.path.realpath(getattr(sys, "_base_executable", None) or sys.executable)
    os.makedirs(join(made, "bin"))
    for name in ("python", "python3", version):
        os.symlink(base if name == "python" else "python", join(made, "bin", name))
    with open(join(made, "pyvenv.cfg"), "w") as file:
        file.write("home = %s\ninclude-system-site-packages = false\nversion = %d.%d.%d\n"
                   % ((os.path.dirname(base),) + sys.version_info[:3]))
    site = join("lib", version, "site-packages")
    os.makedirs(join(made, "lib", version))
    merge(join(made, site), [w + "/lib" for w in wheels])
    code = join(home, "code")
    # For interpreters the program starts by sys.executable: they run `site`, which reads this.
    with open(join(made, site, "__kilt__.pth"), "w") as file:
        file.write(code + "\n")
    scripts = link_data(made, tree, wheels, version)
    standard = standard_path()
    path = [code] + standard + [join(tree, site)]
    added, lines = read_pth(join(made, site), join(tree, site))
    path += [p for p in added if p != code and p not in path]
    config = {
        "entry": entry_point(info, scripts, made, tree),
        "python": tuple(sys.version_info[:2]),
        "needs": wheels + [code],
        "tree": tree,
        "root": root,
        "path": path,
        "args": list(info.get("inject_args") or []),
        "env": dict(info.get("inject_env") or {}),
        "strip": bool(info.get("strip_pex_env", True)),
        "inherit": "" if info.get("inherit_path", "false") == "false" else info["inherit_path"],
        "pth": lines,
        "sitecustomize": has_module("sitecustomize", path),
        "scripts": scripts,
    }
    for name in ("kilt_main.py", "kilt_run.py", "kilt_boot.py"):
        with open(join(made, name), "wb") as file:
            file.write(archive.read(".bootstrap/" + name))
    # The configuration is a module of its own: bytecode is kept of it, and no traceback shows it.
    with open(join(made, "kilt_config.py"), "w", encoding="ascii") as file:
        file.write("CONFIG = {\n%s}\n" % "".join("    %a: %a,\n" % item for item in config.items()))
    with open(join(made, "__main__.py"), "w", encoding="ascii") as file:
        file.write("import sys\n\nif __name__ == '__main__':\n    sys.path.insert(0, __file__.rpartition('/')[0])\n"
                   "    from kilt_main import start\n\n    start(globals())\n")
    compile_start(made, tree)
    publish(made, tree, root)


def compile_start(made, tree):
    """Bytecode of what every start imports; a start would write it too, but not into a read-only cache."""
    import py_compile
    for name in ("kilt_main", "kilt_run", "kilt_config"):
        try:
            py_compile.compile(join(made, name + ".py"), dfile=join(tree, name + ".py"), doraise=True)
        except (OSError, py_compile.PyCompileError):
            pass


def merge(target, sources):
    """A directory with all that the sources hold: links where one source has a name, directories where several do.

    The links lead to directories where possible, so that bytecode, which Python writes beside the code it imports, is
    written once a wheel and not once a bundle.
    """
    os.mkdir(target)
    found = {}
    for source in sources:
        for entry in os.scandir(source):
            if entry.name != "__pycache__":
                found.setdefault(entry.name, []).append(entry)
    for name in sorted(found):
        entries = found[name]
        if len(entries) > 1 and all(entry.is_dir() for entry in entries):
            merge(join(target, name), [entry.path for entry in entries])
        else:
            os.symlink(entries[0].path, join(target, name))


def link_data(made, tree, wheels, version):
    """Scripts into bin, headers and data where an installer puts them. Returns the entry points of console scripts."""
    scripts = {}
    for wheel in wheels:
        for name in sorted(os.listdir(wheel + "/lib")):
            if name.endswith(".dist-info"):
                scripts.update(console_scripts(join(wheel, "lib", name, "entry_points.txt")))
    for name, target in sorted(scripts.items()):
        module, _, function = target.partition(":")
        text = ("import re\nimport sys\nfrom %s import %s\nif __name__ == '__main__':\n"
                "    sys.argv[0] = re.sub(r'(-script\\.pyw|\\.exe)?$', '', sys.argv[0])\n    sys.exit(%s())\n"
                % (module, function.split(".")[0], function))
        write_script(join(made, "bin", name), tree, text.encode())
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
                write_script(target, tree, text.partition(b"\n")[2])
            else:
                shutil.copyfile(join(source, name), target)
                os.chmod(target, 0o755)
    if "headers" in groups:
        os.makedirs(join(made, "include", "site"))
        merge(join(made, "include", "site", version), groups["headers"])
    for source in groups.get("data", ()):
        link_into(made, source)
    return scripts


def link_into(target, source):
    for entry in sorted(os.scandir(source), key=lambda entry: entry.name):
        place = join(target, entry.name)
        if entry.is_dir():
            os.makedirs(place, exist_ok=True)
            link_into(place, entry.path)
        elif not os.path.lexists(place):
            os.symlink(entry.path, place)


def write_script(path, tree, text):
    # Through a shell: a path with spaces, or longer than 127 bytes, can not stand behind `#!`.
    quoted = (tree + "/bin/python").replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$").replace("`", "\\`")
    with open(path, "wb") as file:
        file.write(("#!/bin/sh\n'''exec' \"%s\" -s \"$0\" \"$@\"\n' '''\n" % quoted).encode("utf-8", "surrogateescape"))
        file.write(text)
    os.chmod(path, 0o755)


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
            scripts[name.strip()] = target.partition("[")[0].replace(" ", "")
    return scripts


def standard_path():
    """The standard library's part of sys.path."""
    own = {os.path.dirname(os.path.abspath(__file__)), os.path.abspath(sys.argv[0])}
    return [p for p in sys.path if os.path.abspath(p) not in own and not p.startswith(os.environ["PEX"])]


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
    from importlib.machinery import PathFinder
    return PathFinder.find_spec(name, [p for p in path if os.path.isdir(p)]) is not None


def entry_point(info, scripts, made, tree):
    """The kind and value of what the bundle starts."""
    script = info.get("script")
    if script:
        if script in scripts:
            return "function", scripts[script]
        if os.path.isfile(join(made, "bin", script)):
            return "file", join(tree, "bin", script)
        raise Fail("no wheel has the script %r" % script)
    entry = info.get("entry_point")
    if not entry:
        return "interpreter", ""
    return ("function" if ":" in entry else "module"), entry


def merge_pex(path, root):
    """The directories that another PEX, ours or a real one, adds to sys.path: its distributions (PEX_PATH)."""
    with Archive(path) as archive:
        info = json.loads(archive.read("PEX-INFO").decode("utf-8"))
        names = sorted({n.split("/", 2)[1] for n in archive.names if n.startswith(".deps/") and n.count("/") >= 2})
        own = "kilt" in info
        keys = {}
        for name in names:
            key = info["distributions"].get(name)
            if key:
                keys[name] = key if own else "pex-" + key
        fake = {"kilt": {"wheels": sorted(keys), "id": ""}, "distributions": keys}
        home = temporary(root)
        os.mkdir(join(home, "code"))
        try:
            return [place + "/lib" for place in install(archive, fake, root, home)]
        finally:
            shutil.rmtree(home, ignore_errors=True)


def tools(info, arguments):
    """PEX_TOOLS=1: what can be said of a bundle without unpacking it."""
    command = arguments[0] if arguments else "info"
    if command == "info":
        print(json.dumps(info, indent=2, sort_keys=True))
        return 0
    if command == "interpreter":
        print(sys.executable)
        return 0
    sys.stderr.write("PEX_TOOLS: a bundle of Kilt's has the tools info and interpreter, not %r; "
                     "`pex-tools BUNDLE %s` of the pex distribution reads it too\n" % (command, command))
    return 2
