public import BuildFiles
public import Digests
internal import SystemSupport
public import Workspace

/// The inputs of the last two builds of each target, kept in the state directory for `kilt explain`. Losing it loses an
/// explanation, nothing else.
public struct BuildHistory: Sendable {
  private let state: StateDirectory
  private var directory: FilePath { state.path.appending("history") }

  /// The history of a workspace.
  public init(_ workspace: Workspace) { state = workspace.stateDirectory }

  /// One build.
  public struct Build: Sendable, Hashable {
    public var inputs: InputList
    /// When it was, in nanoseconds since 1970.
    public var time: Int64
  }

  /// Records that a target was built from these inputs, here or on the machine that filled the cache; the former record
  /// becomes the build before. Writes nothing if the inputs are the same.
  ///
  /// - Throws: `SystemCallError`.
  public func record(_ inputs: InputList, of address: Address) throws {
    let (last, previous) = paths(of: address)
    let text = inputs.text
    // A record that cannot be read is replaced.
    if let known = try? FileSystem.read(last), known.elementsEqual(text.utf8) { return }
    try state.create()
    try FileSystem.createDirectories(directory)
    do throws(SystemCallError) { try FileSystem.rename(last, to: previous) } catch {
      if !error.isMissing { throw error }
    }
    try FileSystem.write(text: text, to: last)
  }

  /// The last build of a target that is known; nil when none is.
  public func last(of address: Address) -> Build? { read(paths(of: address).last) }

  /// The build before the last.
  public func previous(of address: Address) -> Build? { read(paths(of: address).previous) }

  private func read(_ path: FilePath) -> Build? {
    // A record that cannot be read explains nothing, but is not an error.
    guard let text = try? FileSystem.readText(path), let inputs = InputList(parsing: text),
      let status = try? FileSystem.status(of: path)
    else { return nil }
    return Build(inputs: inputs, time: status.modificationTime)
  }

  private func paths(of address: Address) -> (last: FilePath, previous: FilePath) {
    // Addresses contain characters that file names do not allow, and can be longer than file names.
    let name = SHA256Digest.of(address.description).hex.prefix(32)
    return (directory.appending("\(name).inputs"), directory.appending("\(name).before"))
  }
}
