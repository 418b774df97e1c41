internal import BuildFiles
internal import Diagnostics
internal import JSON

/// Finds the members of one uv workspace, by the rules of uv's own `workspace.rs`.
struct UvRoot {
  let files: KnownFiles
  let directory: String
  let document: ProjectDocument

  /// The members, the root's own project among them, by directory.
  ///
  /// - Throws: `Diagnostic` for a member without `pyproject.toml` or `[project]`, a nested workspace, a name given twice.
  func members() throws -> [ProjectDocument] {
    var found: [ProjectDocument] = []
    if document.project != nil { found.append(document) }
    guard let workspace = document.workspace else { return found }
    let excludes = workspace["exclude"]?.strings ?? []
    var seen: Set<String> = [directory]
    for pattern in workspace["members"]?.strings ?? [] {
      for member in try expand(pattern) where seen.insert(member).inserted {
        let relative = Paths.relative(member, to: directory)
        if excludes.contains(where: { Self.excludes($0, relative) }) { continue }
        if let document = try read(member, named: pattern) { found.append(document) }
      }
    }
    for member in found where member.directory != directory && member.workspace != nil {
      throw Diagnostic(
        .input, "\"\(member.directory)\" is a member of a uv workspace and a uv workspace itself",
        at: member.location(of: ["tool", "uv", "workspace"]),
        notes: ["the outer workspace is in \"\(document.path)\""],
        remedies: ["remove [tool.uv.workspace] from \"\(member.path)\", or add it to exclude in \"\(document.path)\""])
    }
    var byName: [String: ProjectDocument] = [:]
    for member in found {
      guard let other = byName.updateValue(member, forKey: normalizedProjectName(member.name ?? "")) else { continue }
      throw Diagnostic(
        .input, "two members of the uv workspace are named \"\(member.name ?? "")\"",
        at: member.location(of: ["project", "name"]), notes: ["the other one is \"\(other.path)\""],
        remedies: ["rename one of them, or add it to exclude in \"\(document.path)\""])
    }
    return found.sorted { $0.directory.utf8.lexicographicallyPrecedes($1.directory.utf8) }
  }

  /// Reads a member; nil for a directory that uv skips.
  private func read(_ member: String, named pattern: String) throws -> ProjectDocument? {
    let path = Paths.join(member, "pyproject.toml")
    guard let bytes = try files.read(path) else {
      if Paths.lastComponent(member).hasPrefix(".") { return nil }
      if try holdsNothing(member, depth: 0) { return nil }
      throw Diagnostic(
        .input, "the workspace member \"\(member)\" has no pyproject.toml",
        at: document.location(of: ["tool", "uv", "workspace", "members"]),
        notes: ["\"\(pattern)\" in members matches it"],
        remedies: ["add \"\(Paths.relative(member, to: directory))\" to exclude under [tool.uv.workspace]"])
    }
    let found = try ProjectDocument(parsing: bytes, path: path)
    guard found.isManaged else { return nil }
    guard found.name != nil else {
      throw Diagnostic(
        .input, "the workspace member \"\(path)\" has no [project] with a name",
        at: SourceLocation(path: path, line: 1),
        remedies: [
          "add [project] with name = \"…\", or add \"\(Paths.relative(member, to: directory))\" to exclude in "
            + "\"\(document.path)\""
        ])
    }
    return found
  }

  /// Whether a directory contains only leftovers of a removed project.
  private func holdsNothing(_ directory: String, depth: Int) throws -> Bool {
    guard depth < 4 else { return false }
    return try (files.entries(of: directory) ?? []).allSatisfy { entry in
      let name = entry.name
      if name.hasPrefix(".") || name == "__pycache__" || name.hasSuffix(".egg-info") { return true }
      if ["build", "dist", "node_modules", "venv"].contains(name) { return true }
      guard entry.isDirectory else { return false }
      return try holdsNothing(Paths.join(directory, name), depth: depth + 1)
    }
  }

  // MARK: Globs

  /// In patterns of `exclude`, a star spans directories.
  static func excludes(_ pattern: String, _ path: String) -> Bool {
    guard let pattern = Paths.normalized(pattern) else { return false }
    let glob = GlobPattern(pattern)
    if glob.matches(path) { return true }
    guard pattern.hasSuffix("*") else { return false }
    var ancestor = Paths.parent(path)
    while !ancestor.isEmpty {
      if glob.matches(ancestor) { return true }
      ancestor = Paths.parent(ancestor)
    }
    return false
  }

  /// The directories that a pattern of `members` matches, from the workspace root.
  private func expand(_ pattern: String) throws -> [String] {
    guard let full = Paths.normalized(Paths.join(directory, pattern)) else { return [] }
    if full.isEmpty { return [""] }
    var found: [String] = []
    try expand(full.split(separator: "/").map(String.init)[...], from: "", into: &found)
    return found
  }

  private func expand(_ parts: ArraySlice<String>, from base: String, into found: inout [String]) throws {
    guard let part = parts.first else {
      if try files.isDirectory(base) { found.append(base) }
      return
    }
    let rest = parts.dropFirst()
    if part == "**" {
      try expand(rest, from: base, into: &found)
      for name in try files.directories(in: base) where !["node_modules", "__pycache__"].contains(name) {
        try expand(parts, from: Paths.join(base, name), into: &found)
      }
      return
    }
    if !part.contains(where: { "*?[".contains($0) }) {
      return try expand(rest, from: Paths.join(base, part), into: &found)
    }
    let glob = GlobPattern(part)
    for entry in try files.entries(of: base) ?? [] where entry.isDirectory && glob.matches(entry.name) {
      try expand(rest, from: Paths.join(base, entry.name), into: &found)
    }
  }
}
