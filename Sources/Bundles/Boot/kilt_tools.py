"""PEX_TOOLS=1: looks inside a bundle, or makes a virtual environment or wheels of it."""
import json
import os
import re
import sys

from kilt_boot import Refuse
from kilt_unpack import opened

join = os.path.join

USAGE = (
    "usage: PEX_TOOLS=1 %s TOOL ...\n"
    "\n"
    "  info                        PEX-INFO\n"
    "  interpreter [-a] [-v] [-i N] the interpreter that starts the bundle, or all on the PATH that can\n"
    "  graph                       the distributions and what they need, for Graphviz\n"
    "  repository info [-v]        the distributions\n"
    "  repository extract -d DIR   the distributions as wheels\n"
    "  venv [OPTIONS] DIR          a virtual environment\n"
    "      --scope all|deps|srcs   the distributions, the workspace's files, or both\n"
    "      --bin-path false|prepend|append   whether its pex puts its bin on the PATH\n"
    "      --force                 replace what is there\n"
    "      --collisions-ok         use the first of several files or scripts of one name, with a warning\n"
    "      --compile               write bytecode\n"
    "      --prompt TEXT, --copies, --system-site-packages, --pip   as in python -m venv\n"
    "      --non-hermetic-scripts  scripts that heed PYTHONPATH\n"
    "      --rm pex|all            remove the bundle afterwards, or the cache as well\n"
    "  size [--format text|json]   bytes by distribution, by kind, and the largest files\n"
    "  diff OTHER [--format text|json]\n"
    "                              members that another bundle lacks, has more or has changed\n"
    "  why MODULE                  what brings a module into the bundle\n"
)


def main(bundle, info, texts, arguments):
    command = arguments[0] if arguments else "info"
    tools = {"info": show_info, "interpreter": show_interpreter, "graph": show_graph, "repository": repository,
             "venv": make_venv, "size": show_size, "diff": show_diff, "why": show_why}
    if command in ("-h", "--help", "help") or command in tools and set(arguments[1:]).intersection(("-h", "--help")):
        sys.stdout.write(USAGE % bundle)
        return 0
    if command not in tools:
        raise Refuse("there is no tool %r; there are: %s" % (command, ", ".join(sorted(tools))))
    rest = arguments[1:]
    for index, argument in enumerate(rest):
        name, equals, value = argument.partition("=")
        if name in ("-o", "--output") and command in ("info", "interpreter", "graph", "repository"):
            if not equals and index + 1 == len(rest):
                raise Refuse("%s needs a value" % name)
            value = value if equals else rest.pop(index + 1)
            del rest[index]
            before = sys.stdout
            with open(os.path.expanduser(value), "w") as file:
                sys.stdout = file
                try:
                    return tools[command](bundle, info, texts, rest) or 0
                finally:
                    sys.stdout = before
    return tools[command](bundle, info, texts, rest) or 0


# What all tools of pex know: options that set a variable, and needless ones.
COMMON = {"--pex-root": "PEX_ROOT", "--cache-dir": "PEX_ROOT", "--tmpdir": "TMPDIR", "--rcfile": None}
NEEDLESS = ("--emit-warnings", "--no-emit-warnings", "--disable-cache", "-v")


def options(arguments, flags=(), values=()):
    """Splits arguments into options, {name: value or True}, and the rest."""
    found, rest = {}, []
    arguments = list(arguments)
    while arguments:
        name, equals, value = arguments.pop(0).partition("=")
        if name in COMMON and (equals or arguments):
            value = value if equals else arguments.pop(0)
            if COMMON[name]:
                os.environ[COMMON[name]] = value
        elif name in NEEDLESS and name not in flags:
            pass
        elif name in flags:
            found[name.lstrip("-")] = True
        elif name in values:
            if not equals and not arguments:
                raise Refuse("%s needs a value" % name)
            found[name.lstrip("-")] = value if equals else arguments.pop(0)
        elif name.startswith("-"):
            raise Refuse("unknown option %s; it knows: %s" % (name, " ".join(tuple(flags) + tuple(values)) or "none"))
        else:
            rest.append(name + equals + value)
    return found, rest


def show_info(bundle, info, texts, arguments):
    found, _ = options(arguments, values=("-i", "--indent"))
    indent = found.get("i", found.get("indent", "2"))
    print(json.dumps(info, indent=int(indent), sort_keys=True))


def show_interpreter(bundle, info, texts, arguments):
    found, _ = options(arguments, flags=("-v", "--verbose", "-vv", "-vvv", "-a", "--all"), values=("-i", "--indent"))
    programs = [sys.executable]
    if "a" in found or "all" in found:
        programs += [p for p in usable(info) if p not in programs]
    for program in programs:
        if not set(found).intersection(("v", "verbose", "vv", "vvv")):
            print(program)
            continue
        text = run_python(program, "import json, os, platform, sys; print(json.dumps({'path': sys.argv[1], "
                          "'requirement': 'CPython==%d.%d.%d' % sys.version_info[:3], 'version': sys.version, "
                          "'platform': '%s_%s-cp-%d.%d.%d-cp%d%d' % ((sys.platform, os.uname().machine) + sys.version_info[:3] "
                          "+ sys.version_info[:2]), 'env_markers': {'os_name': os.name, 'sys_platform': sys.platform, "
                          "'platform_machine': platform.machine(), 'platform_python_implementation': "
                          "platform.python_implementation(), 'platform_release': platform.release(), 'platform_system': "
                          "platform.system(), 'platform_version': platform.version(), 'python_version': "
                          "'%d.%d' % sys.version_info[:2], 'python_full_version': platform.python_version(), "
                          "'implementation_name': sys.implementation.name, 'implementation_version': "
                          "platform.python_version()}}))", program)
        facts = json.loads(text)
        if "vvv" not in found:
            del facts["env_markers"]
        indent = found.get("i", found.get("indent"))
        print(json.dumps(facts, sort_keys=True, indent=int(indent) if indent else None))


def run_python(program, code, *arguments):
    import subprocess
    return subprocess.run([program, "-I", "-S", "-c", code] + list(arguments), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, check=True).stdout.decode("utf-8")


def usable(info):
    """The interpreters on the PATH that can start the bundle."""
    import subprocess
    ranges = info["kilt"]["python"]
    names = ["python3.%d" % minor for minor in sorted({first[1] for first, _ in ranges}, reverse=True)] + ["python3", "python"]
    seen, found = set(), []
    for name in names:
        for directory in os.environ.get("PATH", "").split(os.pathsep):
            program = join(directory, name)
            if not os.path.isabs(program) or not os.access(program, os.X_OK) or os.path.isdir(program):
                continue
            try:
                path, version = json.loads(run_python(
                    program, "import json, os, sys; print(json.dumps([os.path.realpath(sys.executable), sys.version_info[:3]]))"))
            except (OSError, ValueError, subprocess.CalledProcessError):
                continue
            if path not in seen and any(first <= version <= last for first, last in ranges):
                seen.add(path)
                found.append(program)
    return found


class Distribution(object):
    """A wheel of the bundle and what its METADATA says."""

    def __init__(self, file, archive, members):
        self.file = file
        self.members = members
        self.name, self.version = file.split("-")[:2]
        self.requires, self.python = [], ""
        # `NAME-VERSION.data`, where that was moved to `.prefix`.
        moved = any("/.prefix/" in member[0] for member in members)
        information = [m[0].split("/")[2] for m in members if m[0].endswith(".dist-info/RECORD")]
        self.data = information[0][:-10] + ".data" if moved and information else ""
        text = ""
        for member in members:
            if member[0].endswith(".dist-info/METADATA") and member[0].count("/") == 3:
                text = b"".join(bytes(piece) for piece in archive.pieces(member)).decode("utf-8", "replace")
        for line in text.split("\n\n", 1)[0].splitlines():
            key, _, value = line.partition(": ")
            if key == "Requires-Dist":
                self.requires.append(value.strip())
            elif key in ("Name", "Version"):
                setattr(self, key.lower(), value.strip())
            elif key == "Requires-Python":
                self.python = value.strip()
        self.key = normal(self.name)


def normal(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def needed(requirement):
    """The name of what a requirement is for; None when it is an extra's."""
    name, _, marker = requirement.partition(";")
    return None if "extra" in marker else normal(re.match(r"[A-Za-z0-9._-]*", name.strip()).group())


def distributions(info, archive):
    groups = {name: [] for name in info["kilt"]["wheels"]}
    for member in archive.members:
        if member[0].startswith(".deps/"):
            groups[member[0].split("/", 2)[1]].append(member)
    return [Distribution(name, archive, members) for name, members in groups.items()]


def show_graph(bundle, info, texts, arguments):
    options(arguments)
    known = distributions(info, opened(bundle))
    keys = {d.key: d for d in known}
    lines = ["digraph \"Dependency graph of %s\" {" % os.path.basename(bundle).replace('"', "'")]
    for d in known:
        lines.append("    \"%s\" [label=\"%s %s\"];" % (d.name, d.name, d.version))
    for d in known:
        for requirement in d.requires:
            name = needed(requirement)
            if name in keys:
                lines.append("    \"%s\" -> \"%s\" [label=\"%s\"];" % (
                    d.name, keys[name].name, requirement.partition(";")[0].strip().replace('"', "'")))
    text = "\n".join(lines + ["}", ""])
    sys.stdout.write(text)


def repository(bundle, info, texts, arguments):
    action = arguments[0] if arguments else ""
    if action == "info":
        found, _ = options(arguments[1:], flags=("-v", "--verbose"))
        for d in distributions(info, opened(bundle)):
            if found:
                print(json.dumps({"project_name": d.name, "version": d.version, "requires_python": d.python,
                                  "requires_dists": d.requires, "wheel": d.file}))
            else:
                print("%s %s %s/.deps/%s" % (d.name, d.version, bundle, d.file))
    elif action == "extract":
        found, _ = options(arguments[1:], values=("-d", "-f", "--dest-dir", "--find-links"))
        if not found:
            raise Refuse("say where to: repository extract -d DIR")
        extract_wheels(bundle, info, list(found.values())[0])
    else:
        raise Refuse("say which: repository info, or repository extract -d DIR")


def extract_wheels(bundle, info, directory):
    import zipfile
    os.makedirs(directory, exist_ok=True)
    archive = opened(bundle)
    for d in distributions(info, archive):
        path = join(directory, d.file)
        with zipfile.ZipFile(path + ".part", "w", zipfile.ZIP_DEFLATED, strict_timestamps=False) as wheel:
            for member in d.members:
                name = wheel_name(member[0].split("/", 2)[2], d.data)
                if name == ".layout.json":
                    continue
                entry = zipfile.ZipInfo(name)
                entry.external_attr = member[5] << 16
                entry.compress_type = zipfile.ZIP_DEFLATED if member[1] else zipfile.ZIP_STORED
                pieces = archive.pieces(member)
                if d.data and name == d.data[:-5] + ".dist-info/RECORD":
                    lines = b"".join(bytes(piece) for piece in pieces).decode("utf-8").splitlines()
                    pieces = [(wheel_name(line, d.data) + "\n").encode("utf-8") for line in lines]
                with wheel.open(entry, "w", force_zip64=member[4] >= 1 << 31) as file:
                    for piece in pieces:
                        file.write(piece)
        os.rename(path + ".part", path)
        print(path)


def wheel_name(name, data):
    """What a member of an installed wheel, or the start of a line of its RECORD, is called in the wheel."""
    start = '"' if name[:1] == '"' else ""
    parts = name[len(start):].split("/", 2)
    if not data or parts[0] != ".prefix" or len(parts) < 3:
        return name
    scheme, rest = parts[1:]
    if scheme == "include":
        scheme, rest = "headers", rest.split("/", 3)[3]
    return "%s%s/%s/%s" % (start, data, "scripts" if scheme == "bin" else scheme, rest)


def make_venv(bundle, info, texts, arguments):
    import shutil
    import kilt_boot
    import kilt_tree
    found, rest = options(
        arguments, flags=("--force", "-f", "--compile", "--collisions-ok", "--copies", "--site-packages-copies",
                          "--system-site-packages", "--non-hermetic-scripts", "--pip", "-p"),
        values=("--scope", "--bin-path", "-b", "--prompt", "--rm", "--remove"))
    scope, where = found.get("scope", "all"), found.get("bin-path", found.get("b", "false"))
    remove = found.get("rm", found.get("remove"))
    if (len(rest) != 1 or scope not in ("all", "deps", "srcs") or where not in ("false", "prepend", "append")
            or remove not in (None, "pex", "all")):
        raise Refuse("usage: venv [OPTIONS] DIR; venv --help lists the options")
    target = os.path.abspath(os.path.expanduser(rest[0]))
    if os.path.isdir(target) and os.listdir(target) and scope != "srcs":
        if not ("force" in found or "f" in found):
            raise Refuse("%s is there already; --force replaces it" % target)
        shutil.rmtree(target)
    os.environ.pop("PEX_TOOLS", None)
    # What was there before is not ours to remove.
    ours = not os.path.isdir(target)
    tree = kilt_boot.prepare(bundle, texts, info)
    root = kilt_boot.choose_root(bundle, info)
    version = "python%d.%d" % sys.version_info[:2]
    site = join(target, "lib", version, "site-packages")
    names = kilt_tree.wheels(info)
    wheels = [join(root, "wheels", info["distributions"][name]) for name in names]
    if "non-hermetic-scripts" in found:
        info = dict(info, venv_hermetic_scripts=False)
    collisions = []
    os.makedirs(target, exist_ok=True)
    if not os.path.isdir(join(target, "bin")):
        create_environment(target, version, found)
    os.makedirs(site, exist_ok=True)
    scripts = {}
    if scope != "srcs":
        owners, seen = {}, {}
        for name, wheel in zip(names, wheels):
            copy_tree(wheel + "/lib", site, name, owners, collisions)
            own = dict(kilt_tree.all_scripts(wheel + "/lib"))
            data = wheel + "/data/scripts"
            own.update((script, wheel) for script in (os.listdir(data) if os.path.isdir(data) else ()))
            for script, start in own.items():
                if seen.setdefault(script, (name, start))[1] != start:
                    collisions.append("bin/%s of %s and %s" % (script, seen[script][0], name))
        refuse_collisions(collisions, "collisions-ok" in found, target if ours else None)
        scripts = kilt_tree.link_data(target, target, wheels, version, info)
        replace_links(target, root)
    if scope != "deps":
        home = tree[:tree.rindex("/bundles/")] + "/bundles/" + info["kilt"]["id"]
        copy_tree(home + "/code", site, "the workspace", {}, collisions)
        refuse_collisions(collisions, "collisions-ok" in found, target if ours else None)
        sys.path[:] = kilt_tree.standard_path()
        info = dict(info, venv_bin_path=where)
        config = kilt_tree.configuration(
            info, scripts or kilt_tree.all_scripts(site), target, target, root, site, [site])
        kilt_tree.write_standalone(target, texts, config)
    if "compile" in found:
        import compileall
        compileall.compile_dir(target, quiet=2)
    if remove:
        shutil.rmtree(bundle) if os.path.isdir(bundle) else os.unlink(bundle)
    if remove == "all":
        shutil.rmtree(root, ignore_errors=True)


def refuse_collisions(collisions, allowed, target):
    """Says which files and scripts several distributions have under one name, with other contents."""
    if not collisions:
        return
    text = "several distributions have:\n" + "".join("  %s\n" % line for line in collisions)
    if not allowed:
        import shutil
        if target:
            shutil.rmtree(target, ignore_errors=True)
        raise Refuse(text + "  --collisions-ok uses the first of each")
    sys.stderr.write(text + "the first of each is used\n")
    del collisions[:]


def create_environment(target, version, found):
    """An environment without packages, as the module venv makes it where the interpreter has that."""
    import kilt_tree
    prompt = found.get("prompt")
    try:
        import venv
    except ImportError:
        kilt_tree.make_environment(target, version)
    else:
        venv.EnvBuilder(system_site_packages="system-site-packages" in found, symlinks="copies" not in found, with_pip=False,
                        prompt=os.path.basename(os.getcwd()) if prompt == "." else prompt).create(target)
    if "pip" in found or "p" in found:
        import subprocess
        made = subprocess.run([join(target, "bin", "python"), "-I", "-m", "ensurepip", "--default-pip"], stdin=subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        if made.returncode:
            raise Refuse("pip cannot be installed: %s" % made.stderr.decode("utf-8", "replace").strip())


def copy_tree(source, target, name, owners, collisions):
    """Copies the files of a distribution. A file that another one has under the same name stays, and is noted."""
    import filecmp
    import shutil
    for directory, directories, files in os.walk(source):
        directories[:] = sorted(d for d in directories if d != "__pycache__")
        place = join(target, os.path.relpath(directory, source))
        os.makedirs(place, exist_ok=True)
        for file in sorted(files):
            path = os.path.normpath(join(place, file))
            if os.path.lexists(path):
                if not filecmp.cmp(join(directory, file), path, shallow=False):
                    collisions.append("%s of %s and %s" % (
                        os.path.relpath(path, target), owners.get(path, "another layer"), name))
            else:
                shutil.copy2(join(directory, file), path)
                owners[path] = name


def replace_links(target, root):
    """What the store lends becomes the environment's own."""
    import shutil
    root = os.path.realpath(root)
    for directory, names, files in os.walk(target):
        for name in names + files:
            path = join(directory, name)
            source = os.path.realpath(path)
            if os.path.islink(path) and source.startswith(root + "/"):
                os.unlink(path)
                (shutil.copytree if os.path.isdir(source) else shutil.copy2)(source, path)


KINDS = {"py": "Python source", "so": "compiled module", "pyi": "type stub", "pyc": "bytecode", "json": "data",
         "gz": "data", "txt": "text", "md": "text", "h": "header"}


def bytes_of(bundle, archive):
    """The size of a file; of a directory, what its members take."""
    return os.path.getsize(bundle) if os.path.isfile(bundle) else sum(member[3] for member in archive.members)


def show_size(bundle, info, texts, arguments):
    found, _ = options(arguments, values=("--format",))
    archive = opened(bundle)
    parts, kinds, files = {}, {}, []
    for name, _, _, compressed, size, _, _ in archive.members:
        part = name.split("/", 2)[1] if name.startswith(".deps/") else (
            "boot code" if name.startswith(".bootstrap/") or name in ("PEX-INFO", "__main__.py") else "workspace")
        kind = KINDS.get(name.rpartition(".")[2], "other")
        for table, key in ((parts, part), (kinds, kind)):
            old = table.get(key, (0, 0, 0))
            table[key] = (old[0] + compressed, old[1] + size, old[2] + 1)
        files.append((compressed, size, name))
    order = sorted(parts.items(), key=lambda item: -item[1][0]), sorted(kinds.items(), key=lambda item: -item[1][0])
    files = sorted(files, reverse=True)[:20]
    if found.get("format") == "json":
        fields = ("compressed", "size", "files")
        print(json.dumps({"bundle": bundle, "size": bytes_of(bundle, archive),
                          "distributions": [dict(zip(fields, value), name=key) for key, value in order[0]],
                          "kinds": [dict(zip(fields, value), name=key) for key, value in order[1]],
                          "largest": [dict(zip(("compressed", "size", "name"), item)) for item in files]}, indent=2))
        return
    print("%12d  %s" % (bytes_of(bundle, archive), bundle))
    for table in order:
        print("\n  in bundle    unpacked   files")
        for key, (compressed, size, count) in table:
            print("%11d %11d %7d  %s" % (compressed, size, count, key))
    print("\n  in bundle    unpacked  largest files")
    for compressed, size, name in files:
        print("%11d %11d  %s" % (compressed, size, name))


def show_diff(bundle, info, texts, arguments):
    found, rest = options(arguments, values=("--format",))
    if len(rest) != 1:
        raise Refuse("usage: diff OTHER [--format text|json]")
    archives = opened(bundle), opened(rest[0])
    one, other = ({m[0]: m for m in archive.members} for archive in archives)

    def differ(left, right):
        return left[4] != right[4] or archives[0].checksum(left) != archives[1].checksum(right)

    lacking = sorted(set(one) - set(other))
    more = sorted(set(other) - set(one))
    changed = sorted(n for n in set(one) & set(other) if differ(one[n], other[n]))
    if found.get("format") == "json":
        print(json.dumps({"removed": lacking, "added": more, "changed": changed}, indent=2))
    else:
        for mark, names in (("-", lacking), ("+", more), ("~", changed)):
            for name in names:
                print("%s %s" % (mark, name))
    return 1 if lacking or more or changed else 0


def show_why(bundle, info, texts, arguments):
    _, rest = options(arguments)
    if len(rest) != 1:
        raise Refuse("usage: why MODULE")
    path = rest[0].replace(".", "/")
    archive = opened(bundle)
    known = distributions(info, archive)
    found = 0
    pattern = re.compile(r"%s(\.py|\.so|\.[^/]*\.so|/.*)$" % re.escape(path))
    for member in archive.members:
        if pattern.match(member[0]):
            print("%s: the workspace's own file" % member[0])
            found = 1
            break
    keys = {d.key: d for d in known}
    roots = {needed(r): r for r in info.get("requirements", ())}
    for d in known:
        if any(pattern.match(m[0].split("/", 2)[2]) for m in d.members):
            found = 1
            print("%s %s holds it" % (d.name, d.version))
            for line in chain(d.key, keys, roots):
                print("  " + line)
    if not found:
        raise Refuse("the bundle has no module %s" % rest[0])


def chain(key, keys, roots):
    """The shortest way from what the workspace requires to a distribution."""
    ways = {name: ["the workspace requires %s" % text] for name, text in roots.items()}
    queue = list(ways)
    for name in queue:
        for requirement in keys[name].requires if name in keys else ():
            other = needed(requirement)
            if other and other not in ways:
                ways[other] = ways[name] + ["%s requires %s" % (keys[name].name, requirement)]
                queue.append(other)
    return ways.get(key, ["nothing in the bundle says why"])
