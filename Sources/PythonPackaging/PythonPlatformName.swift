public import Diagnostics
import JSON

/// The name of a platform, with or without a Python: `linux_x86_64`, `linux_aarch64@3.11`, `macos_arm64-cp312`, and as
/// pex abbreviates it, `linux_x86_64-cp-311-cp311`.
public struct PythonPlatformName: Sendable, Hashable {
  public var platform: WheelPlatform
  /// `3.11` or `3.11.7`; nil where the name has none.
  public var version: Version?
  /// The ABI tag, if it differs from an ordinary build's: `cp313t`.
  public var abi: String?

  /// Nil for anything else.
  public init?(_ text: String) {
    let halves = text.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
    let named = halves.count > 1 ? Version(halves[1]) : nil
    guard halves.count == 1 || named != nil else { return nil }
    // pex also writes "linux-x86_64-cp-311-cp311" and "macosx-11.0-arm64-cp-311-cp311".
    let parts = halves[0].split(separator: "-", omittingEmptySubsequences: false).map(String.init)
    let start = parts.indices.dropFirst().first { index in
      parts[index] == "cp" || parts[index].hasPrefix("cp") && parts[index].dropFirst(2).allSatisfy(\.isNumber)
        || parts[index].hasPrefix("3.")
    }
    let name = parts[..<(start ?? parts.endIndex)].joined(separator: "_").replacingDots()
    guard let platform = WheelPlatform(name: name) else { return nil }
    self.platform = platform
    version = named
    guard let start else {
      guard named.map({ $0.release.count > 1 && $0.release[0] == 3 }) ?? true else { return nil }
      return
    }
    guard named == nil else { return nil }
    var rest = parts[start...]
    if rest.first == "cp" { rest.removeFirst() }
    guard let number = rest.popFirst(), rest.count < 2 else { return nil }
    let digits = number.hasPrefix("cp") ? String(number.dropFirst(2)) : number
    if digits.contains(".") {
      version = Version(digits)
    } else if digits.hasPrefix("3"), let minor = UInt64(digits.dropFirst()) {
      version = Version(release: [3, minor])
    }
    guard let version, version.release.count > 1, version.release[0] == 3 else { return nil }
    if let abi = rest.first {
      guard abi.hasPrefix("cp3\(version.release[1])") else { return nil }
      self.abi = abi
    }
  }
}

extension PythonPlatform {
  /// CPython of a version on a platform by name.
  ///
  /// - Parameter abi: its ABI tag, if it differs from an ordinary build's.
  public init(cPython version: Version, abi: String?, platform: WheelPlatform) {
    self.init(cPython: version, platform: platform)
    if let abi { tags = TagSet(cPython: version, abis: [abi], platforms: platform.tags) }
  }

  /// A target that a file describes as `pex3 interpreter inspect --markers --tags` writes it: an object with
  /// `marker_environment` and `compatible_tags`.
  ///
  /// - Throws: `Diagnostic` that names the file.
  public init(completePlatform bytes: [UInt8], path: String) throws(Diagnostic) {
    func bad(_ reason: String) -> Diagnostic {
      Diagnostic(
        .input, "invalid complete platform \"\(path)\": \(reason)",
        remedies: ["run `pex3 interpreter inspect --markers --tags` there to write one"])
    }
    let json: JSONValue
    do throws(JSONError) {
      json = try JSONValue(parsing: bytes)
    } catch {
      throw bad("line \(error.line): \(error.message)")
    }
    guard let markers = json["marker_environment"]?.object, let texts = json["compatible_tags"]?.strings else {
      throw bad("it lacks \"marker_environment\" or \"compatible_tags\"")
    }
    var values: [MarkerVariable: String] = [:]
    for (name, value) in markers.members {
      if let variable = MarkerVariable(rawValue: name), let text = value.string { values[variable] = text }
    }
    let tags = texts.compactMap { text -> WheelTag? in
      let parts = text.split(separator: "-", omittingEmptySubsequences: false).map(String.init)
      return parts.count == 3 ? WheelTag(interpreter: parts[0], abi: parts[1], platform: parts[2]) : nil
    }
    guard tags.count == texts.count, let platform = tags.lazy.compactMap({ WheelPlatform(name: $0.platform) }).first
    else { throw bad("a tag is invalid, or no tag is of a known platform") }
    guard let version = values[.pythonFullVersion].flatMap({ Version($0) }) else {
      throw bad("it lacks \"python_full_version\"")
    }
    self.version = version
    self.platform = platform
    environment = MarkerEnvironment(values: values)
    self.tags = TagSet(tags)
  }

  /// The target without unintended differences between machines: markers see the lowest patch number that the
  /// constraints admit, so that the requirements of older patch releases are included, and no version of the kernel.
  public func settled(_ constraints: [InterpreterConstraint]) -> PythonPlatform {
    guard environment[.implementationName] == "cpython", version.release.count > 1, version.preRelease == nil else {
      return self
    }
    let minor = Array(version.release.prefix(2))
    let patch = (UInt64(0)...40).first { patch in
      let candidate = Version(release: minor + [patch])
      return constraints.isEmpty || constraints.contains { $0.specifiers.contains(candidate) }
    }
    var target = self
    let full = Version(release: minor + [patch ?? 0]).description
    target.environment[.pythonFullVersion] = full
    target.environment[.implementationVersion] = full
    target.environment[.platformRelease] = ""
    target.environment[.platformVersion] = ""
    return target
  }
}

extension String {
  /// With "_" for ".", as in tags.
  fileprivate func replacingDots() -> String { String(map { $0 == "." ? "_" : $0 }) }
}
