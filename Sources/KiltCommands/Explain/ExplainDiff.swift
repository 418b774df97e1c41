internal import ArgumentParser
internal import Bundles
internal import Diagnostics
internal import JSON
internal import SystemSupport

/// `kilt explain diff`.
struct ExplainDiff: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "diff", abstract: "Show the differences between two bundles, member by member.",
    discussion: """
      A wheel with another version is one line. With --members, the files of such wheels are listed too.

      EXAMPLES
        kilt explain diff dist/server-OLD.pex dist/server-NEW.pex
        kilt explain diff --format json old.pex new.pex

      EXIT CODES
        0  the contents are equal
        1  the contents differ
      """)

  @OptionGroup var global: GlobalOptions
  @OptionGroup var output: FormatOption
  @Flag(help: "List the files of wheels with another version too.")
  var members = false
  @Argument(help: ArgumentHelp("Old bundle.", valueName: "old"))
  var old: String
  @Argument(help: ArgumentHelp("New bundle.", valueName: "new"))
  var new: String

  func run() throws {
    let directory = try global.workingDirectory
    let difference: BundleDifference
    do {
      difference = try BundleDifference(from: directory.pushing(FilePath(old)), to: directory.pushing(FilePath(new)))
    } catch let error as SystemCallError {
      throw Diagnostic(.input, "cannot read a bundle", notes: [error.description])
    }
    writeText(output.format == .json ? json(difference).text(.pretty) + "\n" : text(difference), to: 1)
    if !difference.members.isEmpty { throw ExitCode(1) }
  }

  private func json(_ difference: BundleDifference) -> JSONValue {
    .members([
      "old": .members(["path": .string(old), "size": .int(Int64(difference.oldSize))]),
      "new": .members(["path": .string(new), "size": .int(Int64(difference.newSize))]),
      "members": .array(
        difference.members.map {
          .members([
            "change": .string($0.change.rawValue), "name": .string($0.name), "old_size": .int(Int64($0.oldSize)),
            "new_size": .int(Int64($0.newSize)),
          ])
        }),
    ])
  }

  private func text(_ difference: BundleDifference) -> String {
    if difference.members.isEmpty { return "the contents are equal\n" }
    var lines: [String] = []
    var exchanged: Set<String> = []
    for (old, new) in difference.wheels where old != new {
      lines.append([old.map { "- \($0)" }, new.map { "+ \($0)" }].compactMap(\.self).joined(separator: "\n"))
      exchanged.formUnion([old, new].compactMap(\.self))
    }
    for member in difference.members {
      let wheel = member.name.split(separator: "/").dropFirst().first.map(String.init) ?? ""
      if !members, member.name.hasPrefix(".deps/"), exchanged.contains(wheel) { continue }
      switch member.change {
      case .added: lines.append("+ \(member.name)  \(BundleSizes.bytes(member.newSize))")
      case .removed: lines.append("- \(member.name)  \(BundleSizes.bytes(member.oldSize))")
      case .changed:
        lines.append(
          "~ \(member.name)  \(BundleSizes.bytes(member.oldSize)) -> \(BundleSizes.bytes(member.newSize))")
      }
    }
    let sizes = "\(BundleSizes.bytes(difference.oldSize)) -> \(BundleSizes.bytes(difference.newSize))"
    return lines.joined(separator: "\n") + "\n\(difference.members.count) members differ, \(sizes)\n"
  }
}
