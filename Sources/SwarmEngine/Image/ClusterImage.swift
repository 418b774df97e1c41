internal import Diagnostics
internal import Digests
internal import JSON
public import SystemSupport

/// An image for the containers of tasks, in the form that `docker load` reads
/// (https://github.com/moby/moby/blob/master/image/spec/v1.2.md): a base with an interpreter, and Kilt's programs.
public struct ClusterImage: Sendable {
  public enum Base: Sendable {
    /// Programs and the interpreter of this machine.
    case machine(interpreter: String)
    /// A tar of a root directory, not compressed.
    case archive(FilePath)
    /// A root directory.
    case directory(FilePath)
  }

  public var base: Base
  /// The directory of Kilt's programs.
  public var programs: FilePath
  /// The name under which `docker load` registers the image.
  public var reference: String

  public init(base: Base, programs: FilePath, reference: String) {
    self.base = base
    self.programs = programs
    self.reference = reference
  }

  static let names = ["kilt-executor", "kilt-init", "pex-runner"]

  /// Writes the archive, and returns the image's ID.
  public func write(to path: FilePath) throws -> String {
    let work = try FileSystem.makeTemporaryDirectory(prefix: "kilt-image")
    defer { removeTemporary(work) }
    var layers: [(path: FilePath, digest: SHA256Digest)] = []
    if let layer = try baseLayer(in: work) { layers.append(layer) }
    layers.append(try ownLayer(in: work))
    let configuration = configuration(of: layers.map(\.digest)).bytes(.compact)
    let id = SHA256Digest.of(configuration).hex
    let manifest: JSONValue = .array([
      .members([
        "Config": .string("\(id).json"), "RepoTags": .strings([reference]),
        "Layers": .strings(layers.map { "\($0.digest.hex)/layer.tar" }),
      ])
    ])
    let replacement = try FileReplacement(of: path)
    var image = TarFile(to: replacement.file)
    try image.add("\(id).json", .bytes(configuration))
    for layer in layers {
      try image.add(layer.digest.hex, .directory)
      try image.add("\(layer.digest.hex)/layer.tar", .file(layer.path))
    }
    try image.add("manifest.json", .bytes(manifest.bytes(.compact)))
    _ = try image.finish()
    try replacement.commit(.durable)
    return "sha256:\(id)"
  }

  private func removeTemporary(_ directory: FilePath) {
    // Files that cannot be removed stay in a directory for temporary files.
    do throws(SystemCallError) { try FileSystem.removeTree(directory) } catch {}
  }

  private func configuration(of layers: [SHA256Digest]) -> JSONValue {
    .members([
      "architecture": .string(Self.architecture), "os": "linux", "created": "1970-01-01T00:00:00Z",
      "config": .members([
        "Env": .strings(["PATH=/usr/local/bin:/usr/bin:/bin", "LANG=C.UTF-8"]),
        "Labels": .members(["kilt.version": .string(kiltVersion)]),
      ]),
      "rootfs": .members(["type": "layers", "diff_ids": .strings(layers.map { "sha256:\($0.hex)" })]),
      "history": .array(layers.map { _ in .members(["created_by": "kilt cluster image"]) }),
    ])
  }

  private static var architecture: String {
    #if arch(arm64)
      "arm64"
    #else
      "amd64"
    #endif
  }

  // MARK: Layers

  private func baseLayer(in work: FilePath) throws -> (FilePath, SHA256Digest)? {
    switch base {
    case .machine: return nil
    case .archive(let path):
      let file = try FileSystem.open(path, .readOnly)
      defer { FileSystem.close(file) }
      let start = try FileSystem.read(file, 0..<min(512, UInt64(try FileSystem.status(of: file).size)))
      guard start.count == 512, start[257..<262].elementsEqual("ustar".utf8) else {
        throw Diagnostic(
          .input, "the base \"\(path)\" is not an uncompressed tar",
          remedies: ["decompress it first", "name a directory with `--base`"])
      }
      return (path, try SHA256Digest.ofFile(path).digest)
    case .directory(let root):
      let path = work.appending("base.tar")
      guard let program = Subprocess.find("tar") else {
        throw Diagnostic(.environment, "the program \"tar\" is not installed", remedies: ["install the package tar"])
      }
      let outcome = try Subprocess(
        program.string, ["--numeric-owner", "--one-file-system", "-C", root.string, "-cf", path.string, "."]
      ).run()
      guard outcome.termination.isSuccess else {
        throw Diagnostic(.environment, "cannot read the base \"\(root)\"", notes: [outcome.errorText])
      }
      return (path, try SHA256Digest.ofFile(path).digest)
    }
  }

  private func ownLayer(in work: FilePath) throws -> (FilePath, SHA256Digest) {
    let path = work.appending("kilt.tar")
    let file = try FileSystem.open(path, .writeOnly, options: [.create, .truncate], permissions: .ownerReadWrite)
    defer { FileSystem.close(file) }
    var tar = TarFile(to: file)
    if case .machine(let interpreter) = base {
      try MachineRoot.addSkeleton(to: &tar)
      try MachineRoot.addPrograms(to: &tar)
      try MachineRoot.addPython(interpreter, to: &tar)
    }
    try tar.add("opt", .directory)
    try tar.add("opt/kilt", .directory)
    for name in Self.names {
      let program = programs.appending(name)
      guard FileSystem.isExecutable(program) else {
        throw Diagnostic(
          .environment, "the program \"\(program)\" does not exist",
          remedies: ["install all executables of Kilt in one directory"])
      }
      try MachineRoot.add(program: program, named: "opt/kilt/\(name)", to: &tar)
    }
    try MachineRoot.addLateLibraries(to: &tar)
    // Every task's user writes below its own volume, which begins as a copy of this directory.
    try tar.add("kilt", .directory)
    try tar.add("kilt/task", .directory, mode: 0o1777)
    return (path, try tar.finish())
  }
}
