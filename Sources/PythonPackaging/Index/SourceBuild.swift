import Archive
import Diagnostics
import Digests
import JSON
import SystemSupport

/// One build of a source into a wheel (PEP 517).
///
/// What the build requires is installed from wheels alone, so that no code of it runs outside; the project's own code
/// runs in a sandbox without network and without home folder, which may write to a folder of the build and nowhere
/// else. Where bubblewrap is missing, the sandbox is the folder and the environment alone.
///
/// Nothing that the code has left in its folder is run, imported or followed outside of the sandbox.
struct SourceBuild {
  let interpreter: Interpreter
  let isolation: BuildIsolation
  /// A new one for each build, without links in its path.
  let folder: FilePath
  /// pip's settings of indexes, if they do not come from its own configuration.
  let pipEnvironment: [String: String]
  /// For messages: `tool 1.0`.
  let title: String
  /// In milliseconds.
  private static let deadline = 1_800_000

  /// All that the project's code may write to.
  var workFolder: FilePath { folder.appending("work") }
  private var site: FilePath { workFolder.appending("site") }

  /// Unpacks a source archive, and returns the project's folder. Links inside of the archive become copies.
  ///
  /// - Throws: ``IndexError/buildFailed(file:notes:)`` for an archive that is damaged or unsafe, `ArchiveError` where
  ///   libarchive is missing or a file cannot be written.
  func unpack(_ archive: FilePath) throws -> FilePath {
    let target = workFolder.appending("source")
    do throws(ArchiveError) {
      // Sources hold files that `make` builds from others, and that must stay newer than those.
      try ArchiveReader(archive).unpack(into: target, links: .copied, keepsTimes: true)
    } catch {
      switch error {
      case .damaged, .refused:
        throw IndexError.buildFailed(file: title, notes: [error.diagnostic.summary] + error.diagnostic.notes)
      case .libraryMissing, .cannotWrite, .file: throw error
      }
    }
    let names = try FileSystem.list(target).map(\.name)
    guard !names.isEmpty else {
      throw IndexError.buildFailed(file: title, notes: ["the archive does not contain a project"])
    }
    guard names.count == 1, try FileSystem.status(of: target.appending(names[0])).kind == .directory else {
      return target
    }
    return target.appending(names[0])
  }

  /// A project whose build requirements are installed.
  struct Prepared {
    var project: FilePath
    /// The arguments that name the build backend.
    fileprivate var arguments: [String]
    /// The digest of the installed build requirements: which versions pip chose, and their files.
    var requirements: SHA256Digest
  }

  /// Installs the build requirements of a project.
  ///
  /// - Throws: ``IndexError/buildFailed(file:notes:)`` with the end of what the build has printed, `SystemCallError`.
  func prepare(_ project: FilePath) throws -> Prepared {
    let system = try buildSystem(of: project)
    try install(system.requires)
    let arguments = [system.backend] + system.backendPath
    let further = try run("requires", arguments, in: project)
    let missing = try checked { () throws(BuildSystem.Failure) in try BuildSystem.parse(further.strings ?? []) }
    // Requirements that a backend requests during the build are often the same again.
    if !Set(missing).isSubset(of: system.requires) { try install(system.requires + missing) }
    return Prepared(project: project, arguments: arguments, requirements: try installedRequirements())
  }

  /// The digest of the metadata in the build's own directory. A `RECORD` has the digest of each installed file.
  private func installedRequirements() throws -> SHA256Digest {
    var encoder = CanonicalEncoder()
    guard try FileSystem.statusIfPresent(of: site) != nil else { return encoder.digest }
    for name in try FileSystem.list(site).map(\.name).filter({ $0.hasSuffix(".dist-info") }).sorted() {
      encoder.append(name)
      for file in ["METADATA", "RECORD"] {
        guard let path = try own(site.appending(name).appending(file)) else { continue }
        encoder.append(try SHA256Digest.ofFile(path).digest)
      }
    }
    return encoder.digest
  }

  /// Builds the wheel of a project.
  ///
  /// - Returns: the wheel's file, in the folder.
  /// - Throws: ``IndexError/buildFailed(file:notes:)`` with the end of what the build has printed, `SystemCallError`.
  func wheel(of prepared: Prepared) throws -> FilePath {
    let output = workFolder.appending("wheels")
    try FileSystem.removeTree(output)
    try FileSystem.createDirectories(output)
    let name = try run("wheel", prepared.arguments, in: prepared.project, output: output).string ?? ""
    guard WheelFileName(name) != nil, !name.contains("/"), let wheel = try own(output.appending(name)) else {
      throw IndexError.buildFailed(file: title, notes: ["the build names \"\(name)\" as its wheel"])
    }
    return wheel
  }

  private func buildSystem(of project: FilePath) throws -> BuildSystem {
    let path = project.appending("pyproject.toml")
    guard try FileSystem.statusIfPresent(of: path) != nil else { return .standard }
    guard let file = try own(path) else {
      throw IndexError.buildFailed(file: title, notes: ["its pyproject.toml is not a regular file"])
    }
    let bytes = try FileSystem.read(file, limit: 16 << 20)
    return try checked { () throws(BuildSystem.Failure) in try BuildSystem(parsing: bytes) }
  }

  /// A file in ``workFolder`` without links on its path; nil for anything else, such as a link that leads out, or a
  /// pipe, on which a reader would wait.
  private func own(_ path: FilePath) throws(SystemCallError) -> FilePath? {
    let file: FilePath
    do throws(SystemCallError) {
      file = try FileSystem.canonicalPath(path)
    } catch {
      // Missing, or a dangling link.
      if error.isMissing { return nil }
      throw error
    }
    guard file.starts(with: workFolder), try FileSystem.status(of: file).kind == .file else { return nil }
    return file
  }

  private func checked<Value>(_ body: () throws(BuildSystem.Failure) -> Value) throws(IndexError) -> Value {
    do throws(BuildSystem.Failure) {
      return try body()
    } catch {
      throw .buildFailed(file: title, notes: [error.reason])
    }
  }

  // MARK: What the build requires

  /// Installs wheels into the build's own directory. pip compares each with the index's hash.
  private func install(_ requirements: [Requirement]) throws {
    if requirements.isEmpty { return }
    // pip would build any file that is not a wheel, outside the sandbox.
    for requirement in requirements {
      guard let url = requirement.url, !Self.isWheel(url) else { continue }
      throw IndexError.buildFailed(
        file: title, notes: ["its build requires \"\(redactedLine(requirement.description))\", which is not a wheel"])
    }
    try FileSystem.removeTree(site)
    let texts = Set(requirements.map(\.description)).sorted()
    let arguments =
      ["-E"] + Interpreter.arguments(running: "pip") + [
        "install", "--quiet", "--disable-pip-version-check", "--no-compile", "--no-warn-script-location",
        "--only-binary", ":all:", "--target", site.string, "--",
      ]
    let inherited = environmentStrings().filter { pipEnvironment[String($0.prefix { $0 != "=" })] == nil }
    let outcome = try Subprocess(
      interpreter.path.string, arguments + texts,
      environment: inherited + pipEnvironment.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" },
      workingDirectory: folder, deadlineMilliseconds: Self.deadline
    ).run()
    guard outcome.termination.isSuccess else {
      throw IndexError.buildFailed(
        file: title,
        notes: ["its build requires \(texts.joined(separator: ", ")), which pip cannot install from wheels"]
          + Self.tail(outcome))
    }
  }

  /// Whether a URL names a wheel on a server.
  private static func isWheel(_ url: String) -> Bool {
    url.hasPrefix("https://") && url.prefix { $0 != "#" && $0 != "?" }.hasSuffix(".whl")
  }

  // MARK: The sandbox

  /// Runs one step of ``script`` in the sandbox.
  ///
  /// - Returns: what the step has left as its result.
  private func run(
    _ step: String, _ arguments: [String], in directory: FilePath, output: FilePath? = nil
  ) throws -> JSONValue {
    let result = workFolder.appending("result.json"), home = workFolder.appending("home"),
      program = folder.appending("source-build.py")
    for path in [home, site] { try FileSystem.createDirectories(path) }
    try FileSystem.write(text: Self.script, to: program)
    try FileSystem.removeTree(result)
    let fixed = [
      "HOME=\(home)", "TMPDIR=\(home)", "LANG=C.UTF-8", "PYTHONPATH=\(site)", "PYTHONHASHSEED=0",
      // The same source produces the same bytes: setuptools and others write this time into archives.
      "SOURCE_DATE_EPOCH=315532800", "PYTHONNOUSERSITE=1", "PYTHONDONTWRITEBYTECODE=1",
      "PATH=\(site.appending("bin")):\(environmentVariable("PATH") ?? "/usr/bin:/bin")",
    ]
    let command =
      [interpreter.path.string, "-S", program.string, step, result.string, site.string, output?.string ?? ""]
      + arguments
    let sandboxed = isolation.command(
      command, readable: try pythonFolders() + [program], writable: [workFolder], directory: directory)
    let outcome = try Subprocess(
      sandboxed[0], Array(sandboxed.dropFirst()), environment: fixed + Self.compilerVariables,
      workingDirectory: directory,
      deadlineMilliseconds: Self.deadline
    ).run()
    guard outcome.termination.isSuccess else {
      throw IndexError.buildFailed(file: title, notes: Self.tail(outcome))
    }
    // The project's code could write to it, or end the process before.
    guard let file = try own(result), let json = try? JSONValue(parsing: try FileSystem.read(file, limit: 1 << 20))
    else {
      throw IndexError.buildFailed(
        file: title, notes: Self.tail(outcome) + ["the build ended without a result"])
    }
    return json
  }

  /// Users' settings for compilers, as `NAME=value`; nothing that can contain a password.
  static let compilerVariables = ["CC", "CXX", "CFLAGS", "CPPFLAGS", "CXXFLAGS", "LDFLAGS", "PKG_CONFIG_PATH"]
    .compactMap { name in environmentVariable(name).map { "\(name)=\($0)" } }

  /// The interpreter and its library, and no unrelated files beside them.
  private func pythonFolders() throws(SystemCallError) -> [FilePath] {
    let prefix = interpreter.path.removingLastComponent().removingLastComponent()
    var folders: [FilePath] = []
    for path in ["bin", "include", "lib", "lib64"].map({ prefix.appending($0) })
    where try FileSystem.statusIfPresent(of: path, followingLinks: true)?.kind == .directory { folders.append(path) }
    return folders
  }

  /// The end of a program's output, without passwords.
  private static func tail(_ outcome: Subprocess.Outcome) -> [String] {
    let lines = (outcome.text + "\n" + outcome.errorText).split(separator: "\n").suffix(20).map { redactedLine($0) }
    return lines.isEmpty ? ["\(outcome.termination)"] : lines
  }
}
