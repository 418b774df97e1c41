/// The program inside of the sandbox that calls a build backend (PEP 517).
enum BuildDriver {
  /// Its one argument is a request as JSON; the result goes to `dist` at the root of the inputs.
  static let text = #"""
    """Calls a build backend: the front end of PEP 517 that kilt uses."""
    import gzip, importlib, json, os, sys, tarfile

    request = json.loads(sys.argv[1])
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    out = os.path.join(root, "dist")
    os.makedirs(out, exist_ok=True)
    sys.argv = ["setup.py"]
    sys.path[:0] = [os.path.join(os.getcwd(), p) for p in request["backend_path"]]
    sys.path.insert(len(request["backend_path"]), os.path.join(root, ".kilt", "backend"))
    os.environ["PYTHONPATH"] = os.path.join(root, ".kilt", "backend")
    kind = request["kind"]
    settings = {k: v[0] if len(v) == 1 else v for k, v in request["settings"].items()} or None

    module, _, attributes = request["backend"].partition(":")
    backend = importlib.import_module(module)
    for name in filter(None, attributes.split(".")):
        backend = getattr(backend, name)


    def installed(text):
        from importlib import metadata
        name = text
        for end in " ;[<>=!~(":
            name = name.partition(end)[0]
        try:
            metadata.distribution(name.strip())
            return True
        except metadata.PackageNotFoundError:
            return False


    hook = getattr(backend, "get_requires_for_build_" + kind, None)
    lacking = [r for r in (hook(settings) if hook else []) if not installed(r)]
    if lacking:
        sys.exit("the build backend needs %s: add that to requires of [build-system] in pyproject.toml"
                 % ", ".join(lacking))
    name = getattr(backend, "build_" + kind)(out, settings)

    # Many backends put the times at which files were made into source distributions.
    path = os.path.join(out, name)
    if kind == "sdist" and name.endswith(".tar.gz"):
        time = int(os.environ.get("SOURCE_DATE_EPOCH", "315532800"))
        with tarfile.open(path) as old:
            members = [(m, old.extractfile(m).read() if m.isreg() else None) for m in old.getmembers()]
        members.sort(key=lambda pair: pair[0].name)
        with open(path, "wb") as raw, gzip.GzipFile("", "wb", 9, raw, mtime=time) as stream:
            with tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as new:
                for member, data in members:
                    member.uid = member.gid = 0
                    member.uname = member.gname = ""
                    member.mtime = time
                    member.pax_headers = {k: v for k, v in member.pax_headers.items() if k not in ("mtime", "atime", "ctime")}
                    member.mode = 0o755 if member.isdir() or member.mode & 0o100 else 0o644
                    if data is None:
                        new.addfile(member)
                    else:
                        import io
                        new.addfile(member, io.BytesIO(data))
    """#
}
