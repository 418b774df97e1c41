import Diagnostics
import JobModel
import SystemSupport
import YAML

extension JobFile {
  static let fileKeys = [
    "file", "user", "name", "buildname", "hashtype", "cluster", "contact", "githash", "version", "config", "args",
    "env", "secrets", "volumes", "alerts", "drain_secs", "finalization_wait", "update", "health", "announce",
    "lifecycle",
    "cron", "sla", "partition", "container", "constraints", "metadata", "stages",
  ]
  static let stageKeys = fileKeys.filter {
    !["file", "user", "name", "buildname", "hashtype", "stages"].contains($0)
  }

  /// A job file as far as it can be read, with all its problems and warnings.
  struct Reading {
    /// Nil if a key is missing that every evaluation needs.
    var file: JobFile?
    var problems: [Diagnostic]
    var warnings: [Diagnostic]
  }

  /// Reads a job file; throws for a text that is not YAML.
  static func read(_ bytes: [UInt8], path: String) throws -> Reading {
    let document = try YAMLDocument(parsing: bytes, path: path)
    var reader = JobFileReader(document: document)
    let root = reader.entries(document.root, "a job file", keys: Self.fileKeys)
    let file = reader.string(root, "file")
    let user = reader.identifier(root, "user")
    let buildname = reader.identifier(root, "buildname")
    for (key, value) in [("file", file == nil), ("user", user == nil), ("buildname", buildname == nil)]
    where value && root[key] == nil {
      reader.problem("the key \"\(key)\" is missing", document.root, remedies: [Self.purpose[key] ?? ""])
    }
    let hashType = reader.choice(root, "hashtype", TaskArtifact.HashType.self) ?? .git
    reader.hashType = hashType
    let name = reader.identifier(root, "name")
    let common = reader.level(root)
    var stages: [(name: String, node: YAMLNode, level: Level)] = []
    if let node = root["stages"] {
      for entry in reader.anyEntries(node.value, "\"stages\"") {
        let stage = entry.key.scalar?.text ?? ""
        if !JobKey.isIdentifier(stage) {
          reader.problem("\"\(stage)\" is not a stage name: letters, digits, \"_\", \".\" and \"-\"", entry.key)
        }
        let keys = reader.entries(entry.value, "the stage \"\(stage)\"", keys: Self.stageKeys)
        stages.append((stage, entry.key, reader.level(keys)))
      }
    }
    if stages.isEmpty, root["stages"]?.value.mapping?.isEmpty ?? true {
      reader.problem(
        "a job file has stages", root["stages"]?.key ?? document.root,
        remedies: ["add, for example: stages: {devel: {githash: ...}}"])
    }
    reader.findTraps(in: document.root)
    guard let file, let user, let buildname else {
      return Reading(file: nil, problems: reader.problems, warnings: reader.warnings)
    }
    let made = JobFile(
      document: document, file: file, user: user, name: name, buildname: buildname, hashType: hashType, common: common,
      stages: stages)
    return Reading(file: made, problems: reader.problems, warnings: reader.warnings)
  }

  private static let purpose = [
    "file": "\"file: NAME.aurora\" names the template that says how the job runs",
    "user": "\"user: NAME\" says which role the job runs as",
    "buildname": "\"buildname: NAME\" names the artifact, as in dist/NAME-COMMIT-PLATFORM.pex",
  ]

  /// A commit or version in the form that its hash type requires; `node` is nil for one from the command line.
  func checkedVersion(_ text: String, _ node: YAMLNode?) throws -> String {
    var reader = JobFileReader(document: document)
    reader.hashType = hashType
    let checked = reader.version(text, node)
    if let checked, reader.problems.isEmpty { return checked }
    throw DiagnosticList(reader.problems)
  }
}

/// Reads parts of a job file and collects problems.
struct JobFileReader {
  typealias Entries = [String: YAMLEntry]

  let document: YAMLDocument
  var hashType: TaskArtifact.HashType = .git
  var problems: [Diagnostic] = []
  var warnings: [Diagnostic] = []

  init(document: YAMLDocument) { self.document = document }

  mutating func problem(_ summary: String, _ node: YAMLNode?, notes: [String] = [], remedies: [String] = []) {
    problems.append(
      Diagnostic(.input, summary, at: node.map { document.location(of: $0) }, notes: notes, remedies: remedies))
  }

  /// The entries of a mapping, which can be empty.
  mutating func anyEntries(_ node: YAMLNode, _ what: String) -> [YAMLEntry] {
    if let entries = node.mapping { return entries }
    if !node.isNull { problem("\(what) is a mapping, not \(node.kind)", node) }
    return []
  }

  /// The entries of a mapping that has only these keys.
  mutating func entries(_ node: YAMLNode, _ what: String, keys: [String]) -> Entries {
    var result: Entries = [:]
    for entry in anyEntries(node, what) {
      let key = entry.key.scalar?.text ?? ""
      guard keys.contains(key) else {
        let remedy = Suggestions.remedy(for: key, among: keys)
        problem(
          "\(what) has no key \"\(key)\"", entry.key, notes: ["known are \(keys.joined(separator: ", "))"],
          remedies: remedy.map { [$0] } ?? [])
        continue
      }
      result[key] = entry
    }
    return result
  }

  mutating func string(_ entries: Entries, _ key: String) -> JobFile.Field<String>? {
    guard let node = entries[key]?.value else { return nil }
    guard let scalar = node.scalar, !scalar.text.isEmpty, !node.isNull else {
      problem("\"\(key)\" is a text, not \(node.kind)", node)
      return nil
    }
    return JobFile.Field(value: scalar.text, node: node)
  }

  mutating func identifier(_ entries: Entries, _ key: String) -> JobFile.Field<String>? {
    guard let field = string(entries, key) else { return nil }
    if !JobKey.isIdentifier(field.value) {
      problem("\"\(field.value)\" is not a name for \"\(key)\": letters, digits, \"_\", \".\" and \"-\"", field.node)
    }
    return field
  }

  mutating func choice<Choice: RawRepresentable<String> & CaseIterable>(
    _ entries: Entries, _ key: String, _ type: Choice.Type
  ) -> Choice? {
    guard let field = string(entries, key) else { return nil }
    if let choice = Choice(rawValue: field.value) { return choice }
    let known = Choice.allCases.map(\.rawValue)
    problem(
      "\"\(key)\" is one of \(known.joined(separator: ", ")), not \"\(field.value)\"", field.node,
      remedies: Suggestions.remedy(for: field.value, among: known).map { [$0] } ?? [])
    return nil
  }

  mutating func level(_ entries: Entries) -> JobFile.Level {
    var level = JobFile.Level()
    level.cluster = identifier(entries, "cluster")
    level.contact = string(entries, "contact")
    let key = hashType == .git ? "githash" : "version"
    let other = hashType == .git ? "version" : "githash"
    if let wrong = entries[other] {
      problem(
        "\"\(other)\" does not go with the hash type \"\(hashType.rawValue)\"", wrong.key,
        remedies: ["write \"\(key)\", or another \"hashtype\""])
    }
    if let entry = entries[key] {
      // The text counts, not the type: an abbreviated commit can look like a number.
      if let text = entry.value.scalar?.text, let version = version(text, entry.value) {
        level.version = JobFile.Field(value: version, node: entry.value)
      } else if entry.value.scalar == nil {
        problem("\"\(key)\" is a text, not \(entry.value.kind)", entry.value)
      }
    }
    if let config = entries["config"]?.value { level.config = self.config(config) }
    if let args = entries["args"]?.value {
      _ = anyEntries(args, "\"args\"")
      level.args = args
    }
    readExtras(entries, into: &level)
    readSections(entries, into: &level)
    return level
  }

  mutating func version(_ text: String, _ node: YAMLNode?) -> String? {
    guard hashType == .git else {
      if JobKey.isIdentifier(text) { return text }
      problem("\"\(text)\" is not a version: letters, digits, \"_\", \".\" and \"-\"", node)
      return nil
    }
    let isHex = text.utf8.allSatisfy { byte in
      (0x30...0x39).contains(byte) || (0x61...0x66).contains(byte | 0x20)
    }
    switch (isHex, text.utf8.count) {
    case (true, 7...40): return text.lowercased()
    case (true, 1..<7):
      problem("the commit \"\(text)\" is too short: 7 hexadecimal digits or more", node)
    default:
      problem(
        "\"\(text)\" is not a git commit: 7 to 40 hexadecimal digits", node,
        notes: ["branches and tags move; a job names what it runs"])
    }
    return nil
  }

  mutating func config(_ node: YAMLNode) -> [JobFile.Field<JobFile.ConfigEntry>] {
    let entries = entries(node, "\"config\"", keys: ConfigKey.allCases.map(\.rawValue))
    return ConfigKey.allCases.compactMap { key in
      guard let entry = entries[key.rawValue], let value = value(of: key, entry.value) else { return nil }
      return JobFile.Field(value: JobFile.ConfigEntry(key: key, value: value), node: entry.value)
    }
  }

  private mutating func value(of key: ConfigKey, _ node: YAMLNode) -> ConfigValue? {
    let name = key.rawValue
    guard let scalar = node.scalar else {
      problem("\"\(name)\" is one value, not \(node.kind)", node)
      return nil
    }
    switch (key, scalar.content) {
    case (.cpu, .int(let number)) where number > 0: return .number(Double(number))
    case (.cpu, .float(let number)) where number > 0 && number < 1e6: return .number(number)
    case (.cpu, _): problem("\"cpu\" is a number of cores above 0, such as 0.5", node)
    case (.ram, .int), (.disk, .int):
      problem(
        "\"\(name)\" needs a unit: \"\(scalar.text)\" could be bytes or megabytes", node,
        remedies: ["write \(scalar.text)MB or \(scalar.text)GB"])
    case (.ram, _), (.disk, _):
      if let bytes = ByteSize.parse(scalar.text), bytes > 0 { return .integer(bytes) }
      problem("\"\(name)\" is a size such as 256MB or 1GB, not \"\(scalar.text)\"", node)
    case (.processes, .int(let number)) where number > 0: return .integer(Int(number))
    case (.instances, .int(let number)) where number > 0 && number <= 4000: return .integer(Int(number))
    case (.instances, _): problem("\"instances\" is a whole number from 1 to 4000", node)
    case (.priority, .int(let number)): return .integer(Int(number))
    case (.maxTaskFailures, .int(let number)) where number == -1 || (1...1_000_000).contains(number):
      return .integer(Int(number))
    case (.maxTaskFailures, _):
      problem("\"max_task_failures\" is a whole number from 1 on, or -1 for no limit", node)
    case (.processes, _), (.priority, _): problem("\"\(name)\" is a whole number", node)
    case (.tier, _):
      if Tier(rawValue: scalar.text) != nil { return .text(scalar.text) }
      problem("\"tier\" is one of \(Tier.allCases.map(\.rawValue).joined(separator: ", "))", node)
    }
    return nil
  }
}
