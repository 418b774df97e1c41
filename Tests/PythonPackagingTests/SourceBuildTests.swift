import ContentStore
import Diagnostics
import Digests
import SystemSupport
import Testing

@testable import PythonPackaging

/// What the build of a source sees and what it says: in the real sandbox, on the Python that is there.
@Suite struct SourceBuildTests {
  private let repository: SimpleRepository
  private let python: Interpreter
  private var root: FilePath { repository.folder.appending("workspace") }

  init() throws {
    repository = try SimpleRepository()
    python = try #require(
      InterpreterFinder(cacheFile: nil).all().first { interpreter in
        interpreter.facts.version >= Version(release: [3, 9])
          && (try? Subprocess(interpreter.path.string, ["-m", "pip", "--version"]).run())?.termination.isSuccess == true
      }, "these tests need Python 3.9 or later with pip: apt-get install python3-pip")
    try FileSystem.createDirectories(root.appending("tool"))
  }

  private func tool() throws -> LockedPackage {
    LockedPackage(name: try #require(PackageName("tool")), version: "1.0", source: .path("tool"))
  }

  private func provider(_ isolation: BuildIsolation? = nil) -> WheelProvider {
    WheelProvider(
      store: ContentStore(root: repository.folder.appending("store")), root: root,
      index: IndexConfiguration(findLinks: [repository.folder.string]), isolation: isolation
    ) { [] }
  }

  /// Builds the project in `tool`, and returns the wheel, or the notes of the error.
  private func build(_ isolation: BuildIsolation? = nil) throws -> (wheel: ResolvedWheel?, notes: [String]) {
    let provider = provider(isolation)
    do {
      return (try provider.wheels(for: [try tool()], target: PythonPlatform(python)).first, [])
    } catch let error as IndexError {
      #expect(error.diagnostic.summary == "\"tool 1.0\" does not build into a wheel")
      #expect(error.diagnostic.blame == .work)
      return (nil, error.diagnostic.notes)
    }
  }

  @Test func aBuildSeesNeitherNetworkNorTheFilesAndVariablesOfItsUser() throws {
    try #require(
      Subprocess.find("bwrap") != nil, "this test needs bubblewrap: apt-get install bubblewrap")
    let server = try RepositoryServer(repository.folder)
    let secret = repository.folder.appending("secret"), outside = repository.folder.appending("outside")
    try FileSystem.write(text: "geheim", to: secret)
    let probe = """
      import socket
        def attempt(action):
          try: action()
          except OSError as error: return 'refused'
          return 'worked'
        seen = [
          attempt(lambda: socket.create_connection(('127.0.0.1', \(server.port)), 5)),
          attempt(lambda: open('\(secret)')), attempt(lambda: open('\(outside)', 'w')),
          attempt(lambda: open('/etc/kilt-test', 'w')), attempt(lambda: open('here', 'w')),
          os.environ['HOME'] != '\(environmentVariable("HOME") ?? "")', 'USER' in os.environ]
        raise SystemExit('seen: %r' % seen)
      """
    try SourceProject.write("tool", "1.0", to: root.appending("tool"), building: probe)
    let notes = try build().notes
    #expect(
      notes.last == "seen: ['refused', 'refused', 'refused', 'refused', 'worked', True, False]", "\(notes)")
    #expect(!FileSystem.exists(outside))
  }

  @Test func whereThereIsNoSandboxABuildRunsWithoutOneAndTheReasonIsKnown() throws {
    try SourceProject.write("tool", "1.0", to: root.appending("tool"))
    let provider = provider(.none(reason: "bwrap is not installed"))
    let wheel = try provider.wheels(for: [try tool()], target: PythonPlatform(python)).first
    #expect(wheel?.fileName == "tool-1.0-py3-none-any.whl")
    #expect(provider.missingIsolation == "bwrap is not installed")
  }

  /// What the code of a project leaves in its folder is not followed, and not kept.
  @Test(arguments: [
    ("os.symlink('/etc/passwd', directory + '/' + FILE)\n  return FILE", "the build names \"FILE\" as its wheel"),
    ("return '../../../../../../etc/passwd'", "the build names \"../../../../../../etc/passwd\" as its wheel"),
    ("return 7", "the build names \"\" as its wheel"),
    ("os._exit(0)", "the build ended without a result"),
    ("os.mkfifo(directory + '/../result.json')\n  os._exit(0)", "the build ended without a result"),
  ])
  func aBuildThatLeavesSomethingElseThanAWheelIsAnError(building: String, reason: String) throws {
    let file = "tool-1.0-py3-none-any.whl"
    try SourceProject.write(
      "tool", "1.0", to: root.appending("tool"), building: building.replacing("FILE", with: "'\(file)'"))
    let notes = try build().notes
    #expect(notes.last == reason.replacing("FILE", with: file), "\(notes)")
  }

  @Test func aWheelThatIsNoZipFileIsNotKept() throws {
    let file = "tool-1.0-py3-none-any.whl"
    try SourceProject.write(
      "tool", "1.0", to: root.appending("tool"),
      building: "open(directory + '/\(file)', 'w').write('x')\n  return '\(file)'")
    let error = #expect(throws: (any Error).self) { try build() }
    #expect("\(error.map { "\($0)" } ?? "")".contains(file))
    let store = repository.folder.appending("store/blobs")
    let kept = FileSystem.exists(store) ? try Subprocess("find", [store.string, "-type", "f"]).run().text : ""
    #expect(kept.isEmpty)
  }

  /// pip would build what is no wheel, where there is no sandbox.
  @Test(arguments: ["file:///x/y.tar.gz", "git+https://127.0.0.1/x@v1", "https://127.0.0.1/y-1.0.zip"])
  func aRequirementOfABuildThatIsNoWheelIsRefused(url: String) throws {
    try project("[build-system]\nrequires = [\"y @ \(url)\"]\nbuild-backend = \"y\"\n")
    #expect(try build().notes == ["its build requires \"y @ \(url)\", which is not a wheel"])
  }

  /// pip is started in a folder into which the code of a project cannot put modules.
  @Test func aModuleThatTheCodeOfAProjectWritesIsNotImportedByPip() throws {
    let trace = repository.folder.appending("trace")
    try repository.add("helper", "1.0")
    try project("[build-system]\nrequires = []\nbuild-backend = \"own\"\nbackend-path = [\".\"]\n")
    try FileSystem.write(
      text: """
        import os
        def get_requires_for_build_wheel(settings=None):
          for folder in ('.', '..', os.environ['HOME']):
            with open(os.path.join(folder, 'pip.py'), 'w') as file: file.write("open('\(trace)', 'w')")
          return ['helper']
        def build_wheel(*arguments):
          import helper
          raise SystemExit('built with ' + helper.VERSION)
        """, to: root.appending("tool/own.py"))
    #expect(try build().notes.last == "built with 1.0")
    #expect(!FileSystem.exists(trace))
  }

  @Test func theEndOfWhatABuildPrintsIsInItsError() throws {
    try SourceProject.write(
      "tool", "1.0", to: root.appending("tool"),
      building:
        "for number in range(100): print('line', number)\n  raise SystemExit('gcc: error: see https://ann:geheim@h/x')")
    let notes = try build().notes
    #expect(notes.count == 20)
    #expect(notes.last?.hasPrefix("gcc: error: see https://") == true)
    #expect(notes[18] == "line 99")
    #expect(!notes.joined().contains("geheim"))
  }

  private func project(_ buildSystem: String) throws {
    try FileSystem.write(text: buildSystem, to: root.appending("tool/pyproject.toml"))
  }

  /// A backend that is a package of the index, and asks for one more on the way.
  private func addBackend() throws {
    try repository.add("helper", "1.0", module: "WORDS = 'from the helper'\n")
    try repository.add(
      "backend", "1.0", ["Requires-Dist: below"],
      module: """
        import os, zipfile
        def get_requires_for_build_wheel(settings=None): return ['helper==1.0']
        def build_wheel(directory, settings=None, metadata=None):
          import below, helper
          with zipfile.ZipFile(os.path.join(directory, 'tool-1.0-py3-none-any.whl'), 'w') as z:
            z.writestr('tool.py', helper.WORDS)
            z.writestr('tool-1.0.dist-info/METADATA', 'Metadata-Version: 2.1\\nName: tool\\nVersion: 1.0\\n')
          return 'tool-1.0-py3-none-any.whl'

        """)
    try repository.add("below", "2.0")
  }

  @Test func whatABuildRequiresIsInstalledAlsoWhatItsBackendAsksFor() throws {
    try addBackend()
    try project("[build-system]\nrequires = [\"backend>=1\"]\nbuild-backend = \"backend\"\n")
    let built = try build()
    #expect(built.notes == [])
    #expect(built.wheel?.fileName == "tool-1.0-py3-none-any.whl")
  }

  @Test func aRequirementOfABuildThatHasNoWheelIsNamed() throws {
    try project("[build-system]\nrequires = [\"absent-backend>=3\"]\nbuild-backend = \"backend\"\n")
    #expect(
      try build().notes.first == "its build requires absent-backend>=3, which pip cannot install from wheels")
  }

  @Test(arguments: [
    ("[build-system\n", "line 1 of its pyproject.toml"),
    ("[build-system]\nbuild-backend = 'x'\n", "[build-system] of its pyproject.toml lacks the list \"requires\""),
    (
      "[build-system]\nrequires = ['a b']\n", "its build requires \"a b\", which is not a requirement"
    ),
    (
      "[build-system]\nrequires = []\nbuild-backend = 'x'\nbackend-path = ['../..']\n",
      "\"backend-path\" of its pyproject.toml is outside the project"
    ),
    ("[build-system]\nrequires = []\nbuild-backend = 'absent'\n", "ModuleNotFoundError: No module named 'absent'"),
  ])
  func aBuildSystemThatMakesNoSenseIsSaid(text: String, reason: String) throws {
    try project(text)
    let notes = try build().notes
    #expect(notes.contains { $0.hasPrefix(reason) }, "\(notes)")
  }

  /// Makes an sdist with Python, and builds it.
  private func buildArchive(
    _ script: String, _ isolation: BuildIsolation? = nil
  ) throws -> (wheel: ResolvedWheel?, notes: [String]) {
    let file = "tool-1.0.tar.gz"
    let path = repository.folder.appending(file)
    let made = try Subprocess(python.path.string, ["-c", script, path.string], workingDirectory: root).run()
    try #require(made.termination.isSuccess, "\(made.errorText)")
    let (digest, size) = try SHA256Digest.ofFile(path)
    let package = LockedPackage(
      name: try #require(PackageName("tool")), version: "1.0",
      files: [LockedFile(name: file, size: size, sha256: digest)])
    let provider = provider(isolation)
    do {
      return (try provider.wheels(for: [package], target: PythonPlatform(python)).first, [])
    } catch let error as IndexError {
      return (nil, error.diagnostic.notes)
    }
  }

  @Test(
    "An sdist whose entries leave its directory is not unpacked",
    arguments: [nil, BuildIsolation.none(reason: "of a test")])
  func hostileArchive(isolation: BuildIsolation?) throws {
    let notes = try buildArchive(
      """
      import io, sys, tarfile
      with tarfile.open(sys.argv[1], 'w:gz') as archive:
        for name in ('tool-1.0/pyproject.toml', '../../../../../../../../\(repository.folder.string.dropFirst())/escaped'):
          entry = tarfile.TarInfo(name)
          entry.size = 1
          archive.addfile(entry, io.BytesIO(b'#'))
      """, isolation
    ).notes
    #expect(notes.first?.contains("not safe to unpack: a path has \"..\"") == true, "\(notes)")
    #expect(notes.first?.contains("tool-1.0.tar.gz") == true)
    #expect(!FileSystem.exists(repository.folder.appending("escaped")))
  }

  @Test("Links of an sdist become copies, files keep their times, and a link that leads out is refused")
  func linksOfArchive() throws {
    let probe = """
      found = [os.path.islink(p) for p in ('linked.py', 'hard.py', 'again')] + [os.path.exists('again/tool.py')]
        raise SystemExit('seen: %r %r %r' % (found, open('linked.py').read() == open('tool.py').read(), int(os.stat('tool.py').st_mtime)))
      """
    try SourceProject.write("tool", "1.0", to: root.appending("tool-1.0"), building: probe)
    let script = """
      import os, sys, tarfile
      os.utime('tool-1.0/tool.py', (1000000000, 1000000000))
      with tarfile.open(sys.argv[1], 'w:gz') as archive:
        archive.add('tool-1.0')
        for name, target, kind in (('linked.py', 'sub/../tool.py', tarfile.SYMTYPE), ('hard.py', 'tool-1.0/tool.py', tarfile.LNKTYPE),
                                   ('again', '.', tarfile.SYMTYPE), ('nothing', 'absent', tarfile.SYMTYPE)):
          entry = tarfile.TarInfo('tool-1.0/' + name)
          entry.type, entry.linkname = kind, target
          archive.addfile(entry)
      """
    let notes = try buildArchive(script).notes
    #expect(notes.last == "seen: [False, False, False, True] True 1000000000", "\(notes)")
    let out = try buildArchive(script.replacing("'sub/../tool.py'", with: "'../../tool.py'")).notes
    #expect(out.first?.contains("a symbolic link that leads out of the archive") == true, "\(out)")
  }
}
