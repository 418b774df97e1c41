/// A variable of an environment marker (PEP 508, "Environment Markers"; PEP 751 for the last two).
public enum MarkerVariable: String, Sendable, Hashable, CaseIterable {
  case pythonVersion = "python_version"
  case pythonFullVersion = "python_full_version"
  case osName = "os_name"
  case sysPlatform = "sys_platform"
  case platformRelease = "platform_release"
  case platformSystem = "platform_system"
  case platformVersion = "platform_version"
  case platformMachine = "platform_machine"
  case platformPythonImplementation = "platform_python_implementation"
  case implementationName = "implementation_name"
  case implementationVersion = "implementation_version"
  case extra
  case extras
  case dependencyGroups = "dependency_groups"

  /// Whether it is compared as a version where both sides are one.
  var isVersion: Bool {
    switch self {
    case .pythonVersion, .pythonFullVersion, .implementationVersion, .platformRelease: true
    default: false
    }
  }

  /// Whether it contains names, so that only `in` makes sense.
  var isSet: Bool { self == .extras || self == .dependencyGroups }

  /// A variable by its name, or by one of the names of setuptools' time.
  init?(name: String) {
    switch name {
    case "os.name": self = .osName
    case "sys.platform": self = .sysPlatform
    case "platform.version": self = .platformVersion
    case "platform.machine": self = .platformMachine
    case "platform.python_implementation", "python_implementation": self = .platformPythonImplementation
    default: self.init(rawValue: name)
    }
  }
}

/// The environment of a marker: an interpreter on a platform.
public struct MarkerEnvironment: Sendable, Hashable {
  /// Values by variable; one that is missing is the empty text.
  public var values: [MarkerVariable: String]
  /// The extras and groups that are asked for, as uv names those that exclude each other; nil where a lock has none.
  public var conflictNames: Set<String>?
  /// For `in extras` of lock files.
  public var extras: Set<String> = []
  /// For `in dependency_groups` of lock files.
  public var dependencyGroups: Set<String> = []

  public init(values: [MarkerVariable: String]) { self.values = values }

  public subscript(_ variable: MarkerVariable) -> String {
    get { values[variable] ?? "" }
    set { values[variable] = newValue }
  }

  /// The environment of CPython on a named platform; release and version of the system, which no wheel should ask for,
  /// stay empty.
  ///
  /// - Parameter version: `3.11` or `3.11.7`. Without a patch number, 0 is used.
  public static func cPython(_ version: Version, on platform: WheelPlatform) -> MarkerEnvironment {
    let release = version.release + Array(repeating: 0, count: max(0, 3 - version.release.count))
    let full = Version(release: Array(release.prefix(3)), preRelease: version.preRelease).description
    var environment = MarkerEnvironment(values: [
      .pythonVersion: "\(release[0]).\(release[1])", .pythonFullVersion: full, .implementationVersion: full,
      .implementationName: "cpython", .platformPythonImplementation: "CPython", .osName: "posix",
      .platformMachine: platform.machine,
    ])
    switch platform.system {
    case .linux, .musl:
      environment[.sysPlatform] = "linux"
      environment[.platformSystem] = "Linux"
    case .macOS:
      environment[.sysPlatform] = "darwin"
      environment[.platformSystem] = "Darwin"
    }
    return environment
  }
}
