import JSON
import Synchronization
import SystemSupport
import Testing

@testable import PythonPackaging

/// What the tests of the `packaging` library itself ask of it, with its answers: its source distribution has its tests,
/// and they are run once with each call written down. Kept in the temporary folder, for later runs.
enum PackagingSuite {
  private static let recorded = Mutex<Result<JSONValue, any Error>?>(nil)

  /// The questions of a kind, each with the answer; null for what the library refuses.
  static func cases(_ kind: String, atLeast count: Int) throws -> [(question: JSONValue, answer: JSONValue)] {
    let all = try recorded.withLock { recorded in
      let result = recorded ?? Result { try record() }
      recorded = result
      return try result.get()
    }
    let pairs = try #require(all[kind]?.array, "the recording has no \(kind)")
    try #require(pairs.count >= count, "the recording has \(pairs.count) of \(kind)")
    return pairs.compactMap { pair in pair.array.map { ($0[0], $0[1]) } }
  }

  private static func record() throws -> JSONValue {
    let folder = FilePath(environmentVariable("TMPDIR") ?? "/tmp").appending("kilt-test-packaging-suite")
    let file = folder.appending("recorded.json")
    try FileSystem.createDirectories(folder)
    let lock = try FileLock(waitingFor: folder.appending("lock"))
    if !FileSystem.exists(file) {
      try FileSystem.write(text: recorder, to: folder.appending("kilt_recorder.py"))
      let python = try #require(
        InterpreterFinder(cacheFile: nil).all().first { $0.facts.version >= Version(release: [3, 9]) },
        "these tests need Python 3.9 or later: apt-get install python3 python3-venv")
      let outcome = try Subprocess(
        "/bin/sh", ["-euc", script, "sh", python.path.string, folder.string], deadlineMilliseconds: 600_000
      ).run()
      let said = outcome.errorText + outcome.text.suffix(2000)
      try #require(FileSystem.exists(file), "the tests of packaging could not be recorded: \(said)")
    }
    _ = consume lock
    return try JSONValue(parsing: try FileSystem.read(file))
  }

  /// What fails of the library's own tests does not matter here: recorded is what it answered.
  private static let script = """
    cd "$2"
    "$1" -m venv --clear venv
    venv/bin/python -m pip install --quiet --disable-pip-version-check pytest pretend hypothesis
    venv/bin/python -m pip download --quiet --disable-pip-version-check --no-deps --no-binary packaging --dest sdist 'packaging==26.3'
    tar -xzf sdist/packaging-26.3.tar.gz
    cd packaging-26.3/tests
    PYTHONPATH="$2:$2/packaging-26.3/src" KILT_RECORD_TO="$2/recorded.json" "$2/venv/bin/python" -m pytest -q \\
      -p no:cacheprovider -p kilt_recorder test_version.py test_specifiers.py test_markers.py test_requirements.py \\
      test_tags.py test_utils.py test_metadata.py test_pylock.py test_ranges.py || true
    """

  private static let recorder = #"""
    # Records what packaging's own tests ask of it, with the answers.
    import functools, json, os
    from packaging import markers, requirements, specifiers, tags, utils, version

    seen = {}

    def note(kind, args, answer):
        seen.setdefault(json.dumps([kind, args]), answer)

    def spy(kind, owner, name, arguments, answer, refusals=()):
        original = getattr(owner, name)
        @functools.wraps(original)
        def call(*a, **k):
            try:
                args = arguments(*a, **k)
                json.dumps(args)
            except Exception:
                args = None
            try:
                result = original(*a, **k)
            except refusals:
                if args is not None: note(kind, args, None)
                raise
            if args is not None: note(kind, args, answer(result, *a))
            return result
        setattr(owner, name, call)

    def text(x):
        if type(x) is not str: raise TypeError
        return x

    V, S, SS, M, R = version.Version, specifiers.Specifier, specifiers.SpecifierSet, markers.Marker, requirements.Requirement
    spy('version', V, '__init__', lambda self, v: text(v), lambda r, self, v: str(self), version.InvalidVersion)
    def compare(op):
        spy('compare', V, op, lambda a, b: [op.strip('_'), str(a), str(b)] if isinstance(b, V) else 1 / 0, lambda r, *a: bool(r))
    for op in ('__lt__', '__le__', '__eq__', '__ge__', '__gt__', '__ne__'): compare(op)
    spy('specifier', S, '__init__', lambda self, spec='', prereleases=None: text(spec), lambda r, self, *a: str(self), specifiers.InvalidSpecifier)
    spy('contains', S, 'contains', lambda self, item, prereleases=None: [str(self), str(item)] if self._prereleases is None and prereleases else 1 / 0, lambda r, *a: r)
    spy('set', SS, '__init__', lambda self, specifiers='', prereleases=None: text(specifiers), lambda r, self, *a: sorted(str(s) for s in self._specs), specifiers.InvalidSpecifier)
    spy('set contains', SS, 'contains', lambda self, item, prereleases=None, installed=None: [str(self), str(item), prereleases] if not installed and self._prereleases is None else 1 / 0, lambda r, *a: r)
    spy('marker', M, '__init__', lambda self, marker: text(marker), lambda r, self, marker: str(self), markers.InvalidMarker)
    def environment(self, environment=None, context='metadata'):
        full = dict(markers.default_environment())
        if context == 'metadata': full['extra'] = ''
        elif context == 'lock_file': full.update(extras=[], dependency_groups=[])
        full.update(environment or {})
        return [str(self), {k: sorted(v) if isinstance(v, (set, frozenset)) else ('' if v is None else v) for k, v in full.items()}, context]
    spy('evaluate', M, 'evaluate', environment, lambda r, *a: r, (markers.UndefinedComparison,))
    spy('requirement', R, '__init__', lambda self, s: text(s), lambda r, self, s: [
        utils.canonicalize_name(self.name), sorted(map(utils.canonicalize_name, self.extras)), sorted(str(x) for x in self.specifier),
        self.url, str(self.marker) if self.marker else None], requirements.InvalidRequirement)
    for module in (utils,):
        spy('name', module, 'canonicalize_name', lambda name, validate=False: [text(name), validate], lambda r, *a: r, utils.InvalidName)
        spy('wheel', module, 'parse_wheel_filename', text, lambda r, *a: [r[0], str(r[1]), list(r[2]), sorted(map(str, r[3]))], utils.InvalidWheelFilename)
    spy('tags', tags, 'parse_tag', text, lambda r, *a: sorted(map(str, r)))

    def spy_list(kind, name, arguments):
        original = getattr(tags, name)
        @functools.wraps(original)
        def call(*a, **k):
            result = list(original(*a, **k))
            try: args = arguments(*a, **k)
            except Exception: args = None
            if args is not None: note(kind, args, [str(t) for t in result])
            return iter(result)
        setattr(tags, name, call)
    spy_list('cpython tags', 'cpython_tags', lambda python_version=None, abis=None, platforms=None, warn=False:
        [list(python_version), list(abis), list(platforms)] if python_version and abis and platforms else 1 / 0)
    spy_list('mac platforms', 'mac_platforms', lambda version=None, arch=None: [list(version), arch] if version and arch else 1 / 0)

    import pytest
    # A test that takes nothing but its parameters is called as a function: there are sixty thousand of them.
    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(session):
        for index, item in enumerate(session.items):
            parameters = getattr(getattr(item, 'callspec', None), 'params', {})
            if hasattr(item, 'obj') and {f for f in item.fixturenames if f[0] != '_'} <= set(parameters) and not hasattr(item.obj, 'hypothesis'):
                try: item.obj(**parameters)
                except BaseException: pass
            else:
                item.config.hook.pytest_runtest_protocol(item=item, nextitem=None)
        return True

    def pytest_sessionfinish(session):
        out = {}
        for key, answer in seen.items():
            kind, args = json.loads(key)
            out.setdefault(kind, []).append([args, answer])
        path = os.environ['KILT_RECORD_TO']
        with open(path + '.new', 'w') as f: json.dump(out, f)
        os.replace(path + '.new', path)
    """#
}

extension JSONValue {
  /// An element of an array; nil where there is none.
  subscript(_ index: Int) -> JSONValue? { array.flatMap { $0.indices.contains(index) ? $0[index] : nil } }
}
