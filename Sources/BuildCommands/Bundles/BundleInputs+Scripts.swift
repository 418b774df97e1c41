internal import BuildFiles
internal import Bundles
internal import Diagnostics
internal import PythonPackaging
internal import SystemSupport
internal import TargetGraph
internal import Zip

extension BundleKeyInputs {
  /// Refuses a console script that no wheel of the bundle has: it would fail at its first start.
  ///
  /// - Throws: `Diagnostic` with near names; `ZipError` for a wheel that is not to be trusted.
  func checkScript(of plan: BundlePlan, in graph: TargetGraph) throws {
    guard case .script(let name) = specification.entryPoint else { return }
    var names: Set<String> = []
    for wheel in specification.wheels {
      names.formUnion(try Self.scripts(in: wheel))
      if names.contains(name) { return }
    }
    // A field of pex's options can name another script.
    let site = graph[plan.target].declaration.site
    let listed = names.sorted()
    throw Diagnostic(
      .input, "cannot start \"\(plan.address)\" with the console script \"\(name)\": no wheel of the bundle has it",
      at: site.location(field: "script", text: name),
      notes: [
        listed.isEmpty
          ? "the wheels of the bundle have no console scripts"
          : "the wheels have " + listed.prefix(20).joined(separator: ", ")
            + (listed.count > 20 ? " and \(listed.count - 20) more" : "")
      ],
      remedies: Suggestions.remedy(for: name, among: listed).map { [$0] }
        ?? ["add the package that has the script to dependencies of \"\(plan.address)\""])
  }

  /// The console scripts of a wheel: entry points, and files that installers put into `bin/`.
  private static func scripts(in wheel: WheelInput) throws -> [String] {
    let archive = try ZipArchive(path: wheel.path, name: wheel.fileName)
    var found: [String] = []
    for member in archive.members where !member.isDirectory {
      let parts = member.name.split(separator: "/")
      if parts.count == 2, parts[0].hasSuffix(".dist-info"), parts[1] == "entry_points.txt" {
        let text = String(decoding: try archive.contents(of: member), as: UTF8.self)
        let points = EntryPoints(parsing: text)
        found += (points.consoleScripts + points.guiScripts).map(\.name)
      } else if parts.count == 3, parts[0].hasSuffix(".data"), parts[1] == "scripts" {
        found.append(String(parts[2]))
      }
    }
    return found
  }
}
