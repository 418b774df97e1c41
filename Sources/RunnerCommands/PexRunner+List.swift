import Artifacts
import JSON
import SystemSupport

extension PexRunner {
  /// The artifacts of the repository, or the commits of one, newest first.
  static func list(_ name: ArtifactName?, _ invocation: RunnerInvocation) throws {
    let repository = try RunnerConfiguration.repository(option: invocation.repository)
    guard let name else {
      let names = try repository.names()
      if invocation.printsJSON { return printJSON(.strings(names.map(\.text))) }
      for name in names { writeText("\(name)\n", to: 1) }
      return
    }
    let commits = try repository.commits(of: name)
    if commits.isEmpty {
      let names = try repository.names()
      if !names.contains(name) {
        throw ArtifactError.unknownName(name, known: names, repository: repository.location)
      }
    }
    if invocation.printsJSON { return printJSON(.array(commits.map(\.json))) }
    for commit in commits { writeText(commit.line + "\n", to: 1) }
  }

  private static func printJSON(_ value: JSONValue) { writeText(value.text(.pretty) + "\n", to: 1) }

  /// The bundles in the cache and their sizes.
  static func showCache(_ invocation: RunnerInvocation) throws {
    let cache = try BundleCache.standard()
    let entries = try cache.contents()
    if invocation.printsJSON {
      return printJSON(
        .members([
          "directory": .string(cache.root.string),
          "bundles": .array(
            entries.map { entry in
              .members([
                "references": .strings(entry.references), "size": .int(entry.size),
                "last_used": .string(RFC3339.text(entry.lastUsed)), "newest": .bool(entry.isNewest),
              ])
            }),
        ]))
    }
    for entry in entries {
      let names = entry.references.isEmpty ? "(no reference)" : entry.references.joined(separator: ", ")
      let mark = entry.isNewest ? "  newest" : ""
      writeText(
        "\(RunnerText.padded(RunnerText.size(entry.size), 9))  \(RFC3339.text(entry.lastUsed))  \(names)\(mark)\n",
        to: 1)
    }
    let total = entries.reduce(0) { $0 + $1.size }
    writeText("\(RunnerText.padded(RunnerText.size(total), 9))  in \(entries.count) bundles, \(cache.root)\n", to: 1)
  }

  /// Removes the least recently used bundles until the rest fits.
  static func evict(_ invocation: RunnerInvocation) throws {
    let quota = try quota(invocation)
    let summary = try BundleCache.standard().evict(quota: quota)
    for entry in summary.removed {
      writeText("removed \(entry.references.joined(separator: ", ")), \(RunnerText.size(entry.size))\n", to: 1)
    }
    var line = "freed \(RunnerText.size(summary.freed)), \(RunnerText.size(summary.left)) left"
    if summary.left > quota { line += ": more than \(RunnerText.size(quota)), because running and newest bundles stay" }
    writeText(line + "\n", to: 1)
  }
}

/// Numbers for people.
enum RunnerText {
  /// Returns a size as in `512 B` and `1.5 MiB`.
  static func size(_ bytes: Int64) -> String { ByteSize.text(bytes) }

  /// With spaces in front, to a width.
  static func padded(_ text: String, _ width: Int) -> String {
    String(repeating: " ", count: max(0, width - text.utf8.count)) + text
  }
}
