/// The machine and C library that compiled code is for.
public struct WheelPlatform: Sendable, Hashable, CustomStringConvertible {
  /// The system with the version that wheels must be compatible with.
  public enum System: Sendable, Hashable {
    /// Linux with this glibc (PEP 600).
    case linux(glibcMajor: Int, glibcMinor: Int)
    /// Linux with this musl (PEP 656).
    case musl(major: Int, minor: Int)
    case macOS(major: Int, minor: Int)
  }

  public var system: System
  /// The machine in the form of `uname -m`: `x86_64`, `aarch64`, `arm64`.
  public var machine: String

  public init(system: System, machine: String) {
    self.system = system
    self.machine = machine
  }

  /// A platform by name. `linux_MACHINE` means glibc 2.28 (Debian 10, RHEL 8 and all later ones), `macos_MACHINE` macOS
  /// 14; `manylinux_2_17_MACHINE`, `manylinux2014_MACHINE`, `musllinux_1_2_MACHINE` and `macosx_11_0_MACHINE` are exact.
  ///
  /// Nil for anything else.
  public init?(name: String) {
    let parts = name.split(separator: "_", omittingEmptySubsequences: false).map(String.init)
    func rest(_ count: Int) -> String { parts.dropFirst(count).joined(separator: "_") }
    switch parts[0] {
    case "linux": self.init(system: .linux(glibcMajor: 2, glibcMinor: 28), machine: rest(1))
    case "manylinux1": self.init(system: .linux(glibcMajor: 2, glibcMinor: 5), machine: rest(1))
    case "manylinux2010": self.init(system: .linux(glibcMajor: 2, glibcMinor: 12), machine: rest(1))
    case "manylinux2014": self.init(system: .linux(glibcMajor: 2, glibcMinor: 17), machine: rest(1))
    case "macos": self.init(system: .macOS(major: 14, minor: 0), machine: rest(1))
    case "manylinux", "musllinux", "macosx":
      guard parts.count > 3, let major = Int(parts[1]), let minor = Int(parts[2]), major >= 0, minor >= 0 else {
        return nil
      }
      let system: System =
        switch parts[0] {
        case "manylinux": .linux(glibcMajor: major, glibcMinor: minor)
        case "musllinux": .musl(major: major, minor: minor)
        default: .macOS(major: major, minor: minor)
        }
      self.init(system: system, machine: rest(3))
    default: return nil
    }
    // The name becomes part of the names of files.
    guard !machine.isEmpty, machine.utf8.last != UInt8(ascii: "_"),
      machine.utf8.allSatisfy({ $0.isAlphanumeric || $0 == UInt8(ascii: "_") })
    else { return nil }
  }

  /// The exact name: the best platform tag.
  public var description: String {
    switch system {
    case .linux(let major, let minor): "manylinux_\(major)_\(minor)_\(machine)"
    case .musl(let major, let minor): "musllinux_\(major)_\(minor)_\(machine)"
    case .macOS(let major, let minor): "macosx_\(major)_\(minor)_\(machine)"
    }
  }

  /// The marker values of this system and machine only.
  public var marker: Marker {
    let environment = MarkerEnvironment.cPython(Version(release: [3]), on: self)
    return .and(
      [MarkerVariable.sysPlatform, .platformMachine].map { .variableFirst($0, .equal, environment[$0]) })
  }

  /// The platform tags whose wheels run here, best first.
  public var tags: [String] {
    switch system {
    // A wheel for this very machine comes first: who built it had a reason.
    case .linux(let major, let minor): ["linux_\(machine)"] + Self.manylinuxTags(major, minor, machine)
    case .musl(let major, let minor):
      ["linux_\(machine)"] + (0...minor).reversed().map { "musllinux_\(major)_\($0)_\(machine)" }
    case .macOS(let major, let minor): Self.macOSTags(major, minor, machine)
    }
  }

  /// PEP 600: every glibc from the one given down to the oldest there are wheels for, each followed by its old name.
  private static func manylinuxTags(_ major: Int, _ minor: Int, _ machine: String) -> [String] {
    guard major == 2 else { return [] }
    let oldest = machine == "x86_64" || machine == "i686" ? 5 : 17
    guard minor >= oldest else { return [] }
    return (oldest...minor).reversed().flatMap { minor in
      let legacy: String? =
        switch minor {
        case 17: "manylinux2014"
        case 12: "manylinux2010"
        case 5: "manylinux1"
        default: nil
        }
      return ["manylinux_2_\(minor)_\(machine)"] + (legacy.map { ["\($0)_\(machine)"] } ?? [])
    }
  }

  /// One tag per yearly release and kind of binary; universal tags can name a system older than Arm machines.
  private static func macOSTags(_ major: Int, _ minor: Int, _ machine: String) -> [String] {
    func formats(_ major: Int, _ minor: Int) -> [String] {
      switch machine {
      case "x86_64":
        major == 10 && minor < 4 ? [] : ["x86_64", "intel", "fat64", "fat3", "universal2", "universal"]
      case "arm64": ["arm64", "universal2"]
      default: [machine]
      }
    }
    func tags(_ major: Int, _ minor: Int) -> [String] {
      formats(major, minor).map { "macosx_\(major)_\(minor)_\($0)" }
    }
    if major == 10 { return (0...minor).reversed().flatMap { tags(10, $0) } }
    guard major >= 11 else { return [] }
    let yearly = (11...major).reversed().flatMap { tags($0, 0) }
    let older = (4...16).reversed()
    return yearly + (machine == "x86_64" ? older.flatMap { tags(10, $0) } : older.map { "macosx_10_\($0)_universal2" })
  }
}
