internal import JSON

/// The differences of two job configurations, as text: one line for each value that was removed or added, named by its
/// path (`task.processes[server].cmdline`).
///
/// Artifacts have a separate report. Digests of templates follow from compared values, or change nothing.
public struct ConfigurationDifference: Sendable, Hashable {
  public private(set) var lines: [String] = []

  public init(from old: JobConfiguration, to new: JobConfiguration) {
    let (before, after) = (Self.values(of: old), Self.values(of: new))
    var paths = before.map(\.path)
    paths += after.map(\.path).filter { !paths.contains($0) }
    let (left, right) = (Self.index(before), Self.index(after))
    for path in paths where left[path] != right[path] {
      lines += Self.lines(path, left[path], right[path])
    }
  }

  public var isEmpty: Bool { lines.isEmpty }

  private static func index(_ values: [(path: String, text: String)]) -> [String: String] {
    Dictionary(values.map { ($0.path, $0.text) }, uniquingKeysWith: { _, last in last })
  }

  /// One value; texts of several lines are compared line by line.
  private static func lines(_ path: String, _ old: String?, _ new: String?) -> [String] {
    if let old, let new, old.contains("\n") || new.contains("\n") {
      let (before, after) = (old.split(separator: "\n"), new.split(separator: "\n"))
      let changes = after.difference(from: before)
      return ["  \(path):"]
        + changes.removals.map { "-   \(text(of: $0))" } + changes.insertions.map { "+   \(text(of: $0))" }
    }
    return [old.map { "- \(path): \($0)" }, new.map { "+ \(path): \($0)" }].compactMap(\.self)
  }

  private static func text(of change: CollectionDifference<Substring>.Change) -> Substring {
    switch change {
    case .insert(_, let element, _), .remove(_, let element, _): element
    }
  }

  private static func values(of configuration: JobConfiguration) -> [(path: String, text: String)] {
    var configuration = configuration
    configuration.task.artifacts = []
    configuration.source = nil
    configuration.owner = nil
    var values: [(path: String, text: String)] = []
    collect(configuration.json, path: "", into: &values)
    return values
  }

  private static func collect(_ value: JSONValue, path: String, into values: inout [(path: String, text: String)]) {
    switch value {
    case .object(let object):
      for (name, value) in object { collect(value, path: path.isEmpty ? name : "\(path).\(name)", into: &values) }
    case .array(let array):
      for (index, element) in array.enumerated() {
        collect(element, path: "\(path)[\(element["name"]?.string ?? String(index))]", into: &values)
      }
    case .string(let text): values.append((path, text))
    default: values.append((path, value.text()))
    }
  }
}
