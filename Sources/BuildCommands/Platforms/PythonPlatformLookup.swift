internal import Diagnostics
internal import PythonPackaging
internal import SystemSupport
internal import TargetGraph
internal import Workspace

/// The Python of bundles: on this machine the one that the workspace's configuration settles, or else the first that
/// meets the constraints; on others the one requested by name.
final class PythonPlatformLookup {
  private let workspace: Workspace
  let finder: InterpreterFinder
  private var hosts: [[String]: PythonPlatform] = [:]

  init(_ workspace: Workspace, finder: InterpreterFinder) {
    self.workspace = workspace
    self.finder = finder
  }

  /// The Python of this machine for a bundle with these constraints.
  ///
  /// Unintended differences between machines are removed: patch numbers and the kernel's version.
  func host(_ constraints: [String]) throws -> PythonPlatform {
    if let target = hosts[constraints] { return target }
    let parsed = try InterpreterConstraint.parse(constraints)
    let target = try version(parsed).map { try host(version: $0, parsed) } ?? PythonPlatform(try finder.find(parsed))
    hosts[constraints] = target.settled(parsed)
    return target.settled(parsed)
  }

  /// The minor version that `[python] version` settles; nil without one, or where the constraints exclude it.
  private func version(_ constraints: [InterpreterConstraint]) -> Version? {
    guard let version = workspace.configuration.pythonVersion.flatMap({ Version($0) }) else { return nil }
    let isAdmitted = constraints.contains { $0.mayAdmit(major: version.release[0], minor: version.release[1]) }
    return constraints.isEmpty || isAdmitted ? version : nil
  }

  /// A Python of one minor version. Where there is none, its wheels are chosen all the same, and sources that come to
  /// wheels for every Python are built with another.
  private func host(version: Version, _ constraints: [InterpreterConstraint]) throws -> PythonPlatform {
    let all = finder.all()
    let fitting = all.first { interpreter in
      let facts = interpreter.facts
      return Array(facts.version.release.prefix(2)) == version.release && facts.implementation == "cpython"
        && (constraints.isEmpty || constraints.contains { $0.admits(facts) })
    }
    if let fitting { return PythonPlatform(fitting) }
    var target = PythonPlatform(cPython: version, platform: (try all.first ?? finder.find()).facts.platform)
    target.builder = all.first
    return target
  }

  /// A target by name, or `current`; a name without a version means the version of this machine's bundles.
  func target(named text: String, _ plan: BundlePlan) throws -> PythonPlatform {
    let constraints = plan.interpreterConstraints
    if text == "current" { return try host(constraints) }
    let parsed = try InterpreterConstraint.parse(constraints)
    guard let name = PythonPlatformName(text) else {
      throw Diagnostic(
        .input, "unknown platform \"\(text)\" in the platforms of \"\(plan.address)\"",
        remedies: [
          "write \"linux_x86_64\", \"linux_aarch64@3.12\", \"macos_arm64\", \"manylinux_2_28_x86_64\" or \"current\""
        ])
    }
    let minors = InterpreterConstraint.minors(parsed)
    let version: Version
    if let named = name.version {
      guard
        constraints.isEmpty || parsed.contains(where: { $0.mayAdmit(major: named.release[0], minor: named.release[1]) })
      else {
        throw Diagnostic(
          .input, "\"\(text)\" is for Python \(named), which \(constraints.joined(separator: " or ")) excludes")
      }
      version = named
    } else if minors.count == 1 {
      version = Version(release: [3, minors[0]])
    } else {
      version = Version(release: Array(try host(constraints).version.release.prefix(2)))
    }
    var target = PythonPlatform(cPython: version, abi: name.abi, platform: name.platform).settled(parsed)
    target.builder = finder.all().first { $0.facts.implementation == "cpython" }
    return target
  }

  /// The target that a file describes.
  func target(completePlatform path: String) throws -> PythonPlatform {
    let bytes: [UInt8]
    do throws(SystemCallError) {
      bytes = try FileSystem.read(workspace.root.appending(path), limit: 16 << 20)
    } catch {
      throw Diagnostic(.input, "cannot read the complete platform \"\(path)\": \(error.errno)")
    }
    var target = try PythonPlatform(completePlatform: bytes, path: path)
    target.builder = finder.all().first { $0.facts.implementation == "cpython" }
    return target
  }
}
