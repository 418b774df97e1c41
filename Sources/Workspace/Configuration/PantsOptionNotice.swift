internal import BuildFiles
public import Diagnostics

/// An option of a `pants.toml` that Kilt does not follow, though results would differ.
public struct PantsOptionNotice: Sendable, Hashable {
  /// The section.
  public var scope: String
  /// The key.
  public var option: String
  /// The effect of following it.
  public var effect: String
  /// Its location.
  public var location: SourceLocation?
}

extension WorkspaceConfiguration {
  /// The settings of a `pants.toml` that Kilt does not follow: options of the table, and keys of its sections that it
  /// does not have.
  ///
  /// Sections that the table does not have belong to backends of other languages, and to plugins.
  static func notices(of file: ConfigurationFile) -> [PantsOptionNotice] {
    var notices: [PantsOptionNotice] = []
    for scope in file.root.keys.sorted() {
      guard let known = PantsOptionTable.entries[scope], case .table(let values)? = file.root[scope] else { continue }
      for option in values.keys.sorted() {
        let effect: String
        if let entry = known[option] {
          guard entry.kind == .warned, let value = values[option], !value.isEmpty,
            !entry.kept.contains(value.plainText ?? "")
          else { continue }
          effect = entry.effect
        } else if isOlder(option, of: scope) || isDefinition(option, in: file, scope) {
          continue
        } else {
          effect = "Kilt does not know it"
        }
        notices.append(
          PantsOptionNotice(
            scope: scope, option: option, effect: effect, location: file.location(table: scope, key: option)))
      }
    }
    return notices
  }

  /// Options of older versions of Pants that are followed.
  private static func isOlder(_ option: String, of scope: String) -> Bool {
    ["python.no_binary", "python.only_binary", "python.tailor_ignore_solitary_init_files"].contains(
      "\(scope).\(option)")
  }

  /// Whether a key only exists for other values of its section, which refer to it as `%(key)s`.
  private static func isDefinition(_ option: String, in file: ConfigurationFile, _ scope: String) -> Bool {
    guard case .table(let values)? = file.root[scope] else { return false }
    return values.values.contains { $0.mentions("%(\(option))s") }
  }

  /// One warning for all options that are not followed; nil where there are none.
  public var pantsOptionsWarning: Diagnostic? {
    guard !pantsNotices.isEmpty else { return nil }
    let count = pantsNotices.count
    return Diagnostic(
      .input, "Kilt does not follow \(counted(count, "option")) of Pants that can change results",
      notes: pantsNotices.map { notice in
        let place = notice.location.map { " (\($0.path):\($0.line))" } ?? ""
        return "[\(notice.scope)] \(notice.option)\(place): \(notice.effect)"
      },
      remedies: [
        "write pants_options = \"ignore\" under [workspace] of kilt.toml to silence this warning; it is shown once after each "
          + "change of the options"
      ])
  }
}

extension ConfigurationFile.Value {
  /// Whether the value is an empty text, list or table, which is the same as no value.
  var isEmpty: Bool {
    switch self {
    case .string(let text): text.isEmpty
    case .array(let elements): elements.isEmpty
    case .table(let table): table.values.allSatisfy(\.isEmpty)
    case .bool, .int, .number, .other: false
    }
  }

  /// A value of one word.
  var plainText: String? {
    switch self {
    case .string(let text): text
    case .bool(let flag): "\(flag)"
    case .int(let number): "\(number)"
    case .number(let number): "\(number)"
    case .array, .table, .other: nil
    }
  }

  /// Whether it contains a text.
  func mentions(_ text: String) -> Bool {
    switch self {
    case .string(let own): own.contains(text)
    case .array(let elements): elements.contains { $0.mentions(text) }
    case .table(let table): table.values.contains { $0.mentions(text) }
    case .bool, .int, .number, .other: false
    }
  }
}
