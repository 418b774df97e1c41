/// The platform that packages are chosen for: a Python version and implementation on a wheel platform, on this machine
/// or not.
public struct PythonPlatform: Sendable, Hashable, CustomStringConvertible {
  public var version: Version
  public var platform: WheelPlatform
  public var environment: MarkerEnvironment
  public var tags: TagSet
  /// The interpreter, when it is one of this machine, so that source distributions can be built with it.
  public var interpreter: Interpreter?
  /// For a target that is not this machine: an interpreter that can build sources anyway, because most built wheels fit
  /// everywhere.
  public var builder: Interpreter?

  /// The interpreter's own machine.
  public init(_ interpreter: Interpreter) {
    version = interpreter.facts.version
    platform = interpreter.facts.platform
    environment = interpreter.facts.environment
    tags = interpreter.facts.tags
    self.interpreter = interpreter
  }

  /// CPython of a version (`3.11`, `3.11.7`) on a platform by name.
  public init(cPython version: Version, platform: WheelPlatform) {
    self.version = version
    self.platform = platform
    environment = .cPython(version, on: platform)
    tags = TagSet(cPython: version, platforms: platform.tags)
    interpreter = nil
  }

  /// For messages: `CPython 3.11.7 on manylinux_2_36_x86_64`.
  public var description: String {
    let name = environment[.platformPythonImplementation]
    return "\(name.isEmpty ? "Python" : name) \(version) on \(platform)"
  }
}
