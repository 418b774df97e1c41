import Diagnostics
import JobModel
import YAML

/// A job file as written: everything checked against the schema, nothing evaluated.
struct JobFile {
  /// The values at one level of the file: for all stages, or for one.
  struct Level {
    var cluster: Field<String>?
    var contact: Field<String>?
    /// The commit or version.
    var version: Field<String>?
    var config: [Field<ConfigEntry>] = []
    /// A mapping, or nil.
    var args: YAMLNode?
    var environment: [Field<(name: String, value: String)>] = []
    var secrets: [Field<Secret>] = []
    var alerts: [Field<AlertRule>] = []
    /// Nil if the level has no values; a stage's volumes replace those of the file.
    var volumes: [Volume]?
    var drain: Duration?
    var finalizationWait: Duration?
    var sections: [JobSection: SectionValues] = [:]
    var constraints: [Field<PlacementConstraint>] = []
    var metadata: [Field<(name: String, value: String)>] = []
  }

  /// A value and the place it is written at.
  struct Field<Value> {
    var value: Value
    var node: YAMLNode
  }

  struct ConfigEntry {
    var key: ConfigKey
    var value: ConfigValue
  }

  let document: YAMLDocument
  /// SHA-256 of the file, in hexadecimal.
  var digest: String?
  var path: String { document.path }
  var file: Field<String>
  var user: Field<String>
  var name: Field<String>?
  var buildname: Field<String>
  var hashType: TaskArtifact.HashType
  var common = Level()
  var stages: [(name: String, node: YAMLNode, level: Level)] = []
}

/// The keys of `config`: the values that change often.
enum ConfigKey: String, CaseIterable {
  case cpu, ram, disk, processes, instances, priority, tier
  case maxTaskFailures = "max_task_failures"
}

/// A value of `config`, in its unit.
enum ConfigValue: Hashable {
  case integer(Int)
  case number(Double)
  case text(String)
}

/// The values of a job file for one stage, overlaid: the stage's values win, `config` and `args` are merged key by key.
struct StageSettings {
  var path: String
  var file: String
  var fileLocation: SourceLocation
  var stage: String
  var cluster: String?
  var role: String
  var name: String
  var contact: String?
  var buildname: String
  var hashType: TaskArtifact.HashType
  var version: String
  var versionLocation: SourceLocation?
  var config: [(key: ConfigKey, value: ConfigValue)]
  var args: [(name: String, key: YAMLNode, node: YAMLNode)]
  var environment: [String: String]
  var secrets: [Secret]
  var alerts: [AlertRule]
  var volumes: [Volume]
  var drain: Duration?
  var finalizationWait: Duration?
  var sections: [JobSection: SectionValues]
  var constraints: [PlacementConstraint]
  var metadata: [String: String]
  /// For messages about the job as a whole.
  var stageLocation: SourceLocation
  /// The job file, for places in it.
  var document: YAMLDocument

  func location(_ node: YAMLNode) -> SourceLocation { document.location(of: node) }

  func config(_ key: ConfigKey) -> ConfigValue? { config.first { $0.key == key }?.value }
}

extension JobFile {
  /// The settings of a stage; `version` replaces the file's.
  func settings(stage: String?, version: String?) throws -> StageSettings {
    let known = stages.map { "\"\($0.name)\"" }.joined(separator: ", ")
    guard let stage else {
      throw Diagnostic(
        .input, "no stage is named for \"\(path)\"", notes: ["it has the stages \(known)"],
        remedies: stages.map { "--stage \($0.name)" })
    }
    guard let found = stages.first(where: { $0.name == stage }) else {
      throw Diagnostic(
        .input, "\"\(path)\" has no stage \"\(stage)\"", notes: ["it has the stages \(known)"],
        remedies: Suggestions.remedy(for: stage, among: stages.map(\.name)).map { [$0] } ?? [])
    }
    let level = found.level
    let stageLocation = document.location(of: found.node)
    let written = level.version ?? common.version
    guard let chosen = try version.map({ try checkedVersion($0, nil) }) ?? written?.value else {
      let key = hashType == .git ? "githash" : "version"
      throw Diagnostic(
        .input, "the stage \"\(stage)\" has no \(hashType == .git ? "git commit" : "version")", at: stageLocation,
        remedies: ["add \"\(key): ...\" to the stage: what runs is always named"])
    }
    return StageSettings(
      path: path, file: file.value, fileLocation: document.location(of: file.node), stage: stage,
      cluster: (level.cluster ?? common.cluster)?.value, role: user.value, name: name?.value ?? Self.stem(of: path),
      contact: (level.contact ?? common.contact)?.value, buildname: buildname.value, hashType: hashType,
      version: chosen,
      versionLocation: version == nil ? written.map { document.location(of: $0.node) } : nil,
      config: overlaid(common.config, level.config), args: overlaid(common.args, level.args),
      environment: Dictionary((common.environment + level.environment).map { ($0.value.name, $0.value.value) }) { $1 },
      secrets: Dictionary((common.secrets + level.secrets).map { ($0.value.name, $0.value) }) { $1 }.values
        .sorted { $0.name < $1.name },
      alerts: Dictionary((common.alerts + level.alerts).map { ($0.value.condition, $0.value) }) { $1 }.values
        .sorted { $0.condition.rawValue < $1.condition.rawValue },
      volumes: level.volumes ?? common.volumes ?? [], drain: level.drain ?? common.drain,
      finalizationWait: level.finalizationWait ?? common.finalizationWait,
      sections: common.sections.merging(
        level.sections.map { section, values in
          (section, (common.sections[section] ?? SectionValues()).overlaid(with: values, in: section))
        }, uniquingKeysWith: { $1 }),
      constraints: Dictionary((common.constraints + level.constraints).map { ($0.value.attribute, $0.value) }) { $1 }
        .values.sorted { $0.attribute < $1.attribute },
      metadata: Dictionary((common.metadata + level.metadata).map { ($0.value.name, $0.value.value) }) { $1 },
      stageLocation: stageLocation, document: document)
  }

  /// `jobs/fiddler.yaml` is `fiddler`.
  static func stem(of path: String) -> String {
    let name = path.split(separator: "/").last ?? ""
    return String(name.lastIndex(of: ".").map { name[..<$0] } ?? name)
  }

  private func overlaid(
    _ below: [Field<ConfigEntry>], _ above: [Field<ConfigEntry>]
  ) -> [(key: ConfigKey, value: ConfigValue)] {
    let replaced = Set(above.map(\.value.key))
    return (below.filter { !replaced.contains($0.value.key) } + above).map { ($0.value.key, $0.value.value) }
  }

  private func overlaid(_ below: YAMLNode?, _ above: YAMLNode?) -> [(name: String, key: YAMLNode, node: YAMLNode)] {
    let over = above?.mapping ?? []
    let replaced = Set(over.compactMap { $0.key.scalar?.text })
    let under = (below?.mapping ?? []).filter { !replaced.contains($0.key.scalar?.text ?? "") }
    return (under + over).map { ($0.key.scalar?.text ?? "", $0.key, $0.value) }
  }
}
