"""The first start of a bundle on a host: unpacks it into the host's store and starts it from there.

    ROOT/wheels/SHA256/{lib,data}     a wheel, once for all bundles
    ROOT/bundles/ID/code              the workspace's own code, once a bundle
    ROOT/bundles/ID/at/PATH/OF/PYTHON a tree shaped like a virtual environment, of links into the other two

Each of these is made under another name and renamed when it is whole, so that a start that is killed leaves only
rubbish, and starts at the same time do not see halves.

What is not needed for that is imported where it is used: this runs before the program, and is waited for.
"""
import os
import stat
import sys
import zlib

join = os.path.join


class Fail(Exception):
    """Ends with exit code 3: the environment lacks something."""
    pass


class Refuse(Exception):
    """Ends with exit code 2: a variable or an argument that cannot be meant."""
    pass


class Modules(object):
    """Imports the modules of the boot code, {name: text}, out of the one member of the bundle that holds them all."""

    def __init__(self, texts):
        self.texts = texts

    def find_spec(self, name, path=None, target=None):
        if name in self.texts:
            return sys.modules["_frozen_importlib"].ModuleSpec(name, self)

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        name = module.__name__
        place = "%s/.bootstrap/%s.py" % (os.environ.get("PEX", ""), name)
        exec(compile(self.texts[name], place, "exec"), module.__dict__)


def flag(name):
    """The value of a boolean variable; None where it is not set."""
    value = os.environ.get(name, "")
    if value.lower() in ("1", "true"):
        return True
    if value.lower() in ("", "0", "false"):
        return False if value else None
    raise Refuse("%s must be 0, 1, false or true, not %r" % (name, value))


def main(bundle, info, parts):
    """Starts a bundle. `info` is its PEX-INFO, `parts` are the texts of the boot code, each but the first named."""
    import json
    os.environ["PEX"] = bundle
    try:
        texts = dict(part.split("\n", 1) for part in parts[1:])
        texts["kilt_boot"] = parts[0]
        sys.meta_path.insert(0, Modules(texts))
        info = json.loads(info.decode("utf-8"))
        if flag("PEX_TOOLS"):
            if "kilt_tools" not in texts:
                raise Refuse("built without tools: build it with include_tools=True, or use \"kilt explain\"")
            import kilt_tools
            sys.exit(kilt_tools.main(bundle, info, texts, sys.argv[1:]))
        kilt = info["kilt"]
        if not any(first <= list(sys.version_info[:3]) <= last for first, last in kilt["python"]):
            raise Fail("%s does not meet %s" % (sys.executable, kilt["constraints"]))
        tree = prepare(bundle, texts, info)
    except Fail as error:
        end(3, "%s: %s" % (bundle, error))
    except Refuse as error:
        end(2, "%s: %s" % (bundle, error))
    except (OSError, EOFError, KeyError, ValueError, zlib.error) as error:
        end(3, "%s: cannot unpack: %s\n  set PEX_ROOT to a directory with space that you may write to, or fetch the "
               "file again if it is damaged" % (bundle, error))
    os.environ.pop("__KILT_PYTHON", None)
    if os.environ.pop("__KILT_DAMAGED", None):
        os.environ["__KILT_HEALED"] = "1"
    if "PYTHONPATH" in os.environ:
        # Without the script in front of the bundle, which does the same.
        os.environ["__KILT_PYTHONPATH"] = os.environ["PYTHONPATH"]
    for name in ("PYTHONPATH", "PYTHONHOME", "PYTHONPLATLIBDIR"):
        os.environ.pop(name, None)
    flags = list(info.get("inject_python_args") or ()) + (os.environ.get("__KILT_FLAGS") or "").splitlines()
    python = tree + "/bin/python"
    os.execv(python, [python, "-sS"] + flags + [tree + "/__main__.py"] + sys.argv[1:])


def attach(boot, bundle, info, parts):
    """Puts what a bundle holds on the path of a Python that runs already, in the place of the bundle."""
    import json
    texts = dict(part.split("\n", 1) for part in parts[1:])
    texts["kilt_boot"] = parts[0]
    finder = Modules(texts)
    others = {name: sys.modules.pop(name, None) for name in texts}
    before = os.environ.get("PEX")
    sys.modules["kilt_boot"] = boot
    sys.meta_path.insert(0, finder)
    os.environ["PEX"] = bundle
    try:
        info = json.loads(info.decode("utf-8"))
        kilt = info["kilt"]
        if not any(first <= list(sys.version_info[:3]) <= last for first, last in kilt["python"]):
            raise ImportError("%s: %s does not meet %s" % (bundle, sys.executable, kilt["constraints"]))
        tree = prepare(bundle, texts, info, interpreter())
        scope = {}
        with open(tree + "/kilt_config.py") as file:
            exec(file.read(), scope)
    except (Fail, Refuse) as error:
        raise ImportError("%s: %s" % (bundle, error))
    finally:
        sys.meta_path.remove(finder)
        for name, module in others.items():
            sys.modules.pop(name, None)
            if module is not None:
                sys.modules[name] = module
        if before is None:
            del os.environ["PEX"]
        else:
            os.environ["PEX"] = before
    config = scope["CONFIG"]
    own = [p for p in config["path"] if p.startswith(config["root"] + "/")]
    at = sys.path.index(bundle) if bundle in sys.path else 0
    sys.path[at:at] = [p for p in own if p not in sys.path]
    for sitedir, line in config["pth"]:
        exec(line)


def end(code, text):
    sys.stderr.write(text.encode("utf-8", "surrogateescape").decode("utf-8", "replace") + "\n")
    sys.exit(code)


def prepare(bundle, texts, info, python=None):
    """The tree of this bundle for this interpreter, unpacked where it is not yet. Returns its path."""
    import kilt_tree
    kilt = info["kilt"]
    python = os.path.normpath(python or os.environ.get("__KILT_PYTHON") or interpreter())
    if not os.path.isabs(python):
        python = os.path.abspath(python)
    with Closed():
        root = choose_root(bundle, info)
        home = join(root, "bundles", kilt["id"])
        tree = home + "/at" + python
        changed = kilt_tree.wrapper(python)
        damaged = "__KILT_DAMAGED" in os.environ
        if damaged or not kilt_tree.whole(tree, home, info, root):
            make_tree(bundle, texts, info, root, home, tree, python, damaged)
        if changed is not None:
            kilt_tree.note_wrapper(tree, changed)
    return tree


def make_tree(bundle, texts, info, root, home, tree, python, damaged):
    """Makes the tree, unless another start does so meanwhile."""
    import kilt_tree
    os.makedirs(home, exist_ok=True)
    with Lock(join(home, "lock")):
        if os.path.lexists(tree):
            if not damaged and kilt_tree.whole(tree, home, info, root):
                return
            discard(tree, root)
        if damaged:
            kilt_tree.discard_damaged(bundle, info, root, home)
        try:
            kilt_tree.make(bundle, texts, info, root, home, tree, python)
        except FileNotFoundError:
            # Something that clears caches has taken a part of a wheel.
            if not kilt_tree.discard_damaged(bundle, info, root, home):
                raise
            kilt_tree.make(bundle, texts, info, root, home, tree, python)


def interpreter():
    """The interpreter that this one stands for: of a bundle's tree, the one it was made for."""
    path = os.path.abspath(sys.executable)
    tree = os.path.dirname(os.path.dirname(path))
    if os.path.exists(tree + "/kilt_main.py"):
        start, found, rest = tree.partition("/bundles/")
        rest = rest.partition("/at/")[2]
        if found and rest:
            return "/" + rest
    return path


# The root of the store


def warns(info):
    """Whether warnings are asked for: by the variable, else by the bundle; who asks for messages gets them, too."""
    said = flag("PEX_EMIT_WARNINGS")
    return os.environ.get("PEX_VERBOSE", "") not in ("", "0") or (info.get("emit_warnings", True) if said is None else said)


def choose_root(bundle, info):
    """Where to unpack: PEX_ROOT, the user's cache, or, with a warning, the temporary directory."""
    import kilt_trust
    native = info["kilt"].get("native", True)
    # A program that starts itself again stays where it was unpacked.
    root, found, _ = os.environ.get("__KILT_AGAIN", "").partition("/bundles/%s/at/" % info["kilt"]["id"])
    if found and unusable(root, native) is None:
        kilt_trust.vouch(root, root)
        return root
    given = script_root()
    root = given and os.path.abspath(given)
    problem = unusable(root, native)
    if problem is None:
        kilt_trust.vouch(root, given)
        return root
    fallback = join(os.environ.get("TMPDIR") or "/tmp", "kilt-runtime-%d" % os.getuid())
    try:
        os.makedirs(fallback, mode=0o700, exist_ok=True)
        status = os.lstat(fallback)
    except OSError as error:
        raise Fail("%s; and %s cannot be created: %s\n  set PEX_ROOT to a directory that you may write to"
                   % (problem, fallback, error.strerror))
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid() or status.st_mode & 0o022:
        raise Fail("%s; and %s is not a directory of this user alone\n  set PEX_ROOT to a directory that you may "
                   "write to" % (problem, fallback))
    other = unusable(fallback, native)
    if other is not None:
        raise Fail("%s; %s\n  set PEX_ROOT to a directory that you may write to" % (problem, other))
    if warns(info):
        sys.stderr.write("%s: %s; unpacking into %s instead\n" % (bundle, problem, fallback))
    kilt_trust.vouch(fallback, fallback)
    return fallback


def script_root():
    """The store as the script in front of the bundle writes it, whose start compares the texts."""
    value = os.environ.get("PEX_ROOT", "")
    if value:
        root = (os.path.expanduser(value) if value[0] == "~" else value) + "/kilt"
    else:
        cache = os.environ.get("XDG_CACHE_HOME") or (os.environ.get("HOME") and os.environ["HOME"] + "/.cache")
        if not cache:
            return ""
        root = cache + "/kilt/runtime"
    return root if root[0] == "/" else (os.environ.get("PWD") or os.getcwd()) + "/" + root


def unusable(root, native):
    """Why a directory cannot hold unpacked bundles; None when it can."""
    import kilt_trust
    if not root:
        return "HOME is not set"
    try:
        kilt_trust.create(root)
        other = kilt_trust.writer(root)
    except OSError as error:
        return "%s cannot be created: %s" % (root, error.strerror)
    if other:
        return "%s: another user could have changed the programs in %s" % (other, root)
    if not os.access(root, os.W_OK | os.X_OK):
        return "%s is not writable" % root
    flags = os.statvfs(root).f_flag
    if flags & os.ST_RDONLY:
        return "%s is on a read-only file system" % root
    if native and flags & getattr(os, "ST_NOEXEC", 8):
        return "%s is on a file system mounted noexec, and the bundle has compiled modules" % root
    return None


class Closed(object):
    """Makes files and directories that no other user can write to, whatever the umask of the program is."""

    def __enter__(self):
        self.mask = os.umask(0o022)
        os.umask(self.mask | 0o022)

    def __exit__(self, *_):
        os.umask(self.mask)


# Directories that are whole or not there


class Lock(object):
    """Lets one start at a time unpack a bundle. A process that ends, however it ends, gives it up. The file is closed to other
    users: who can open a file, even only to read it, can lock it."""

    def __init__(self, path):
        self.path = path

    def __enter__(self):
        self.file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
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
    parent = join(root, "incoming")
    os.makedirs(parent, 0o755, exist_ok=True)
    sweep(parent)
    path = join(parent, os.urandom(12).hex())
    os.mkdir(path, 0o700)
    return path


def sweep(parent):
    """Removes what starts that were killed have left, a day later."""
    import time
    for entry in os.scandir(parent):
        try:
            if entry.stat(follow_symlinks=False).st_mtime < time.time() - 86400:
                remove(entry.path)
        except FileNotFoundError:
            pass


def publish(made, place):
    """Gives a finished directory its name; whoever was first wins."""
    os.makedirs(os.path.dirname(place), exist_ok=True)
    os.chmod(made, 0o755)
    try:
        os.rename(made, place)
    except OSError:
        if not os.path.isdir(place):
            raise
        remove(made)


def discard(path, root):
    """Takes a damaged directory out of the way in one step."""
    away = temporary(root)
    try:
        os.rename(path, join(away, "damaged"))
    except FileNotFoundError:
        pass
    remove(away)


def remove(path):
    """Removes a directory with all in it, as far as that goes: what stays is rubbish, which is swept later."""
    import shutil
    shutil.rmtree(path, ignore_errors=True)


if __name__ == "__main__":
    # Started by the script in front of the bundle, which has put the bundle behind the `-c`.
    del sys.argv[0]
    sys.modules["kilt_boot"] = sys.modules["__main__"]
    main(sys.argv[0], info, parts)  # noqa: F821
