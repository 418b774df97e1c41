internal import BuildFiles
public import Diagnostics

extension TargetGraph {
  /// The warning about targets whose types Kilt does not know: types of Pants plugins, which only hold their
  /// dependencies. One warning for all, with a location for each type; nil if there are none.
  public func pluginTypes() -> Diagnostic? {
    var first: [String: Target] = [:]
    var counts: [String: Int] = [:]
    for id in allTargets where type(of: id) == .foreign {
      let target = self[id]
      if TargetType.foreignNames.contains(target.declaration.typeName) { continue }
      let name = target.declaration.typeName
      counts[name, default: 0] += 1
      if first[name] == nil { first[name] = target }
    }
    guard !first.isEmpty else { return nil }
    let count = counts.values.reduce(0, +)
    return Diagnostic(
      .input,
      "\(count) \(count == 1 ? "target has a type" : "targets have types") of Pants plugins; Kilt uses only their dependencies",
      notes: first.sorted { $0.key < $1.key }.map { name, target in
        let site = target.declaration.site
        return "\(counts[name] ?? 0) \(name), as at \(site.path):\(site.line)"
      })
  }
}
