extension SourceBuild {
  /// The steps, for Python 3.8 and later. A backend's own output goes to standard output and error.
  static let script = """
    import importlib, json, os, site, sys
    step, result, packages, output = sys.argv[1:5]
    arguments = sys.argv[5:]
    def answer(value):
        with open(result, 'w') as file: json.dump(value, file)
    def stays(name): return not os.path.normpath(name).startswith(('/', '..'))
    def unpack(file, target):
        if hasattr(tarfile, 'data_filter'): return file.extractall(target, filter='data')
        for m in file.getmembers():
            good = stays(m.name) and (m.isreg() or m.isdir() or m.islnk() and stays(m.linkname)
                or m.issym() and stays(os.path.join(os.path.dirname(m.name), m.linkname)))
            if not good: sys.exit('%r would not stay in the folder of the archive' % m.name)
        file.extractall(target)
    if step == 'unpack':
        import tarfile, zipfile
        archive, target = arguments
        if archive.endswith('.zip'):
            with zipfile.ZipFile(archive) as file: file.extractall(target)
        else:
            with tarfile.open(archive) as file: unpack(file, target)
        names = os.listdir(target)
        answer(names[0] if len(names) == 1 and os.path.isdir(os.path.join(target, names[0])) else '.')
        sys.exit()
    name, path = arguments[0], arguments[1:]
    sys.path.pop(0)
    site.addsitedir(packages)
    sys.path[:0] = [os.path.abspath(p) for p in path]
    if name.endswith(':__legacy__'): sys.path.insert(0, os.getcwd())
    sys.argv[1:] = []
    module, _, attribute = name.partition(':')
    backend = importlib.import_module(module)
    for part in filter(None, attribute.split('.')): backend = getattr(backend, part)
    if step == 'requires':
        hook = getattr(backend, 'get_requires_for_build_wheel', None)
        answer(list(hook(None)) if hook else [])
    else:
        answer(backend.build_wheel(output, None, None))
    """
}
