extension SourceBuild {
  /// The steps, for Python 3.8 and later. A backend's own output goes to standard output and error.
  static let script = """
    import importlib, json, os, site, sys
    step, result, packages, output = sys.argv[1:5]
    arguments = sys.argv[5:]
    def answer(value):
        with open(result, 'w') as file: json.dump(value, file)
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
