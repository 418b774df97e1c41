internal import BuildFiles
internal import Diagnostics
internal import SystemSupport

/// The sources of the values of a Pants workspace: its `pants.toml`, further files, and variables, each overriding the
/// one before.
///
/// The order is Pants' order: `pants.toml`, the files of `PANTS_CONFIG_FILES` (as `--pants-config-files` sets it), the
/// files of `pantsrc_files` if they exist, then `PANTS_SECTION_OPTION` variables.
struct PantsLayers {
  /// Returns the text of a file, by a path from the workspace root or an absolute path; nil if it is missing.
  var read: (String) throws -> String?
  /// Returns the value of a variable.
  var variable: (String) -> String?

  /// Overlays all layers on a file. Returns the paths of the files, without the first.
  func lay(over file: inout ConfigurationFile) throws -> [String] {
    var paths: [String] = []
    func add(_ path: String, isRequired: Bool) throws {
      guard path != file.path, !paths.contains(path) else { return }
      guard let text = try read(path) else {
        if !isRequired { return }
        throw Diagnostic(
          .input, "the configuration file \"\(path)\" does not exist",
          notes: ["PANTS_CONFIG_FILES or --pants-config-files names it"],
          remedies: ["write a path from the workspace root"])
      }
      try file.lay(path: path, text: text)
      paths.append(path)
    }
    for path in list(variable("PANTS_CONFIG_FILES")) { try add(path, isRequired: true) }
    let global = try TableReader(file, "GLOBAL")
    let readsUserFiles =
      try variable("PANTS_PANTSRC").map { $0.lowercased() == "true" } ?? global.bool("pantsrc") ?? true
    if readsUserFiles {
      let standard = ["/etc/pantsrc", "~/.pants.rc", ".pants.rc"]
      for path in try global.strings("pantsrc_files", default: standard) {
        let home = path.hasPrefix("~/") ? variable("HOME").map { $0 + path.dropFirst() } : path
        if let home { try add(home, isRequired: false) }
      }
    }
    for (scope, options) in PantsOptionTable.entries {
      let section = scope == "GLOBAL" ? "" : Self.word(scope) + "_"
      for option in options.keys {
        // An option whose name begins with "pants_" does not say so twice.
        let name =
          scope == "GLOBAL" && option.hasPrefix("pants_") ? option.uppercased() : "PANTS_" + section + Self.word(option)
        guard name != "PANTS_CONFIG_FILES", let value = variable(name) else { continue }
        file.lay(.string(value), scope, option)
      }
    }
    try file.readFileValues(read)
    file.replaceNames(variable)
    return paths
  }

  private static func word(_ name: String) -> String { String(name.uppercased().map { $0 == "-" ? "_" : $0 }) }

  /// `a`, or a literal `['a', 'b']`.
  private func list(_ text: String?) -> [String] {
    guard let text, !text.isEmpty else { return [] }
    switch ConfigurationFile.Value(pantsLiteral: text) {
    case .array(let elements)?: return elements.compactMap(\.plainText)
    case .table(let change)?:
      if case .array(let elements)? = change["add"] { return elements.compactMap(\.plainText) }
      return []
    default: return [text]
    }
  }
}

extension ConfigurationFile {
  /// Puts the contents of files in the place of values that name them, `@path`.
  mutating func readFileValues(_ read: (String) throws -> String?) throws {
    for (section, value) in root {
      guard case .table(let values) = value, PantsOptionTable.entries[section] != nil else { continue }
      for (key, value) in values {
        guard case .string(let text) = value, text.hasPrefix("@"), text.count > 1 else { continue }
        let path = interpolated(String(text.dropFirst()), in: section)
        guard let content = try read(path) else {
          throw Diagnostic(
            .input, "\"\(key)\" is read from \"\(path)\", which does not exist", at: location(table: section, key: key))
        }
        let trimmed = content.drop { $0.isWhitespace }.reversed().drop { $0.isWhitespace }.reversed()
        lay(.string(String(trimmed)), section, key)
      }
    }
  }

  /// Replaces `%(env.NAME)s`, `%(homedir)s` and `%(user)s` in all texts.
  mutating func replaceNames(_ variable: (String) -> String?) {
    root = root.mapValues { Self.replaced($0, variable) }
  }

  private static func replaced(_ value: Value, _ variable: (String) -> String?) -> Value {
    switch value {
    case .string(let text) where text.contains("%("):
      return .string(
        text.replacing(#/%\((env\.[A-Za-z_][A-Za-z0-9_]*|homedir|user)\)s/#) { match -> String in
          switch match.1 {
          case "homedir": return variable("HOME") ?? ""
          case "user": return variable("USER") ?? ""
          default: return variable(String(match.1.dropFirst(4))) ?? ""
          }
        })
    case .array(let elements): return .array(elements.map { replaced($0, variable) })
    case .table(let table): return .table(table.mapValues { replaced($0, variable) })
    default: return value
    }
  }
}

extension ConfigurationFile.Value {
  /// The result of applying this value to the value of an earlier file.
  func laid(over old: Self?) -> Self {
    var new = self
    if case .string(let text) = self, let literal = Self(pantsLiteral: text), literal.isChange { new = literal }
    guard new.isChange, case .table(let change) = new, let old else { return new }
    var base = old
    if case .string(let text) = old, let literal = Self(pantsLiteral: text) { base = literal }
    switch base {
    case .array(let elements):
      let removed = change["remove"]?.elements ?? []
      return .array(
        elements.filter { element in !removed.contains { $0.plainText == element.plainText } }
          + (change["add"]?.elements ?? []))
    case .table(var table) where base.isChange:
      for key in ["add", "remove"] {
        guard let value = change[key] else { continue }
        if case .table(let entries) = value {
          guard case .table(let known)? = table[key] else {
            table[key] = value
            continue
          }
          table[key] = .table(known.merging(entries) { $1 })
        } else {
          table[key] = .array((table[key]?.elements ?? []) + value.elements)
        }
      }
      return .table(table)
    case .table(let table):
      guard case .table(let entries)? = change["add"] else { return new }
      return .table(table.merging(entries) { $1 })
    default: return new
    }
  }

  /// Whether it changes another value: `{add = …, remove = …}`.
  fileprivate var isChange: Bool {
    guard case .table(let table) = self else { return false }
    return !table.isEmpty && table.keys.allSatisfy { $0 == "add" || $0 == "remove" }
  }

  fileprivate var elements: [Self] {
    switch self {
    case .array(let elements): elements
    case .string: [self]
    default: []
    }
  }
}
