internal import PythonPackaging
internal import Zip

/// The modules of each package, by the files of their wheels.
struct PackageModules {
  private var packages: [String: String] = [:]
  /// Packages whose wheels name entry points: programs can find them without an import.
  private(set) var withEntryPoints: Set<String> = []

  init(_ wheels: [ResolvedWheel]) throws {
    for wheel in wheels {
      let name = "\(wheel.name)"
      for member in try ZipArchive(path: wheel.path, name: wheel.fileName).members {
        if member.name.hasSuffix(".dist-info/entry_points.txt") { withEntryPoints.insert(name) }
        if let module = Self.module(member.name), packages[module] == nil { packages[module] = name }
      }
    }
  }

  /// The package that provides a dotted name, or a module that contains it.
  func package(of dotted: String) -> String? {
    var rest = Substring(dotted)
    while true {
      if let found = packages[String(rest)] { return found }
      guard let dot = rest.lastIndex(of: ".") else { return nil }
      rest = rest[..<dot]
    }
  }

  /// The packages with modules.
  var names: Set<String> { Set(packages.values) }

  /// The module of a file of a wheel; nil for other files.
  static func module(_ path: String) -> String? {
    var parts = path.split(separator: "/").map(String.init)
    // `name-1.data/purelib/module.py` lands in site-packages as well.
    if parts.count > 2, parts[0].hasSuffix(".data") {
      guard parts[1] == "purelib" || parts[1] == "platlib" else { return nil }
      parts.removeFirst(2)
    }
    guard let file = parts.popLast(), !(parts.first?.hasSuffix(".dist-info") ?? false) else { return nil }
    let stem: String
    if file.hasSuffix(".py") || file.hasSuffix(".pyi") {
      stem = String(file.prefix { $0 != "." })
    } else if file.hasSuffix(".so") || file.hasSuffix(".pyd") {
      // `_core.cpython-311-x86_64-linux-gnu.so`
      stem = String(file.prefix { $0 != "." })
    } else {
      return nil
    }
    if stem != "__init__" { parts.append(stem) }
    guard !parts.isEmpty, parts.allSatisfy({ !$0.isEmpty && !$0.contains("-") || $0.hasSuffix("-stubs") }) else {
      return nil
    }
    return parts.joined(separator: ".")
  }
}
