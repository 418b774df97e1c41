import SystemSupport
import Zip

extension BundleUnpacker {
  /// The destinations.
  func places(wheels: [String: FilePath], code: FilePath?) -> [(member: ZipMember, path: String)] {
    let own: Set<String> = ["PEX-INFO", "__main__.py"]
    return archive.members.lazy.filter { !$0.isDirectory }.compactMap { member in
      let name = member.name
      let (part, inner) = BundleMember.place(of: name)
      if name.hasPrefix(".deps/") {
        guard let target = wheels[part], inner != ".layout.json" else { return nil }
        return (member, target.string + "/" + Self.wheelPath(inner))
      }
      guard let code, part != "boot code", !own.contains(name) else { return nil }
      return (member, code.string + "/" + name)
    }
  }

  /// The destination of a wheel's member: a member in `.prefix`, as ``InstalledWheel`` puts it there, belongs to a
  /// separate scheme (PEP 427); as `wheel_path` of the boot code.
  static func wheelPath(_ name: String) -> String {
    let parts = name.split(separator: "/", maxSplits: 2, omittingEmptySubsequences: false)
    guard parts.count == 3, parts[0] == ".prefix" else { return "lib/" + name }
    let rest = parts[2]
    switch parts[1] {
    case "purelib", "platlib": return "lib/\(rest)"
    case "bin": return "data/scripts/\(rest)"
    case "data": return "data/data/\(rest)"
    case "include":
      // site/pythonX.Y/NAME/…
      let below = rest.split(separator: "/", maxSplits: 2, omittingEmptySubsequences: false)
      return below.count == 3 ? "data/headers/\(below[2])" : "lib/" + name
    default: return "lib/" + name
    }
  }
}
