internal import Diagnostics
public import JSON
internal import JobModel
public import Pipelines
internal import SchedulerCore
internal import SystemSupport
internal import YAML

/// A pipeline file as written, checked: what its stages share, and how they differ.
public struct PipelineFile: Sendable {
  /// What a stage changes.
  struct Stage: Sendable, Hashable {
    var name: String
    var commit: String?
    var parameters: [String: JSONValue]
  }

  /// The file's name in messages.
  public let path: String
  let definition: PipelineDefinition
  let stages: [Stage]

  /// Reads a pipeline file.
  ///
  /// - Throws: `DiagnosticList` with every problem, each with line and column; the error of YAML for a file that is not
  ///   a document.
  public init(parsing bytes: [UInt8], path: String) throws {
    let document = try YAMLDocument(parsing: bytes, path: path)
    let zones = TimeZones { name in
      // One that cannot be read is unknown: the scheduler, which reads it again, says why.
      do { return try ZoneFiles.read(name) } catch { return nil }
    }
    var reader = PipelineReader(document: document, zones: zones)
    let (definition, stages) = reader.read()
    guard reader.problems.isEmpty else { throw DiagnosticList(reader.problems) }
    self.path = path
    self.definition = definition
    self.stages = stages
  }

  /// The names of the stages, in the order of the file.
  public var stageNames: [String] { stages.map(\.name) }

  /// The pipeline of a stage; nil takes what all stages share.
  ///
  /// - Throws: for a stage that the file does not have.
  public func definition(stage: String?) throws -> PipelineDefinition {
    guard let stage else { return definition }
    guard let found = stages.first(where: { $0.name == stage }) else {
      let known = stageNames.joined(separator: ", ")
      throw Diagnostic(
        .input, "unknown stage \"\(stage)\" of \"\(path)\"",
        notes: [known.isEmpty ? "it has no stages" : "stages: \(known)"],
        remedies: Suggestions.remedy(for: stage, among: stageNames).map { [$0] } ?? [])
    }
    var definition = definition
    definition.commit = found.commit ?? definition.commit
    for index in definition.parameters.indices {
      if let value = found.parameters[definition.parameters[index].name] {
        definition.parameters[index].defaultValue = value
      }
    }
    return definition
  }
}

extension PipelineDefinition {
  /// A value for each parameter: those of a run's options (`NAME=VALUE`), then defaults.
  ///
  /// - Parameter datesCanBeMissing: whether parameters of type `date` can have no value: a schedule supplies it.
  /// - Throws: `DiagnosticList` for parameters that are unknown, of the wrong type or missing.
  public func parameterValues(_ options: [String], datesCanBeMissing: Bool = false) throws -> JSONObject {
    var given: [String: JSONValue] = [:]
    var problems: [Diagnostic] = []
    for option in options {
      let parts = option.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
      guard parts.count == 2 else {
        problems.append(
          Diagnostic(.input, "invalid parameter \"\(option)\"", remedies: ["write it as NAME=VALUE"]))
        continue
      }
      guard let parameter = parameters.first(where: { $0.name == parts[0] }) else {
        let names = parameters.map(\.name)
        problems.append(
          Diagnostic(
            .input, "unknown parameter \"\(parts[0])\" of pipeline \"\(name)\"",
            notes: [names.isEmpty ? "it has no parameters" : "parameters: \(names.joined(separator: ", "))"],
            remedies: Suggestions.remedy(for: parts[0], among: names).map { [$0] } ?? []))
        continue
      }
      if given[parameter.name] != nil {
        problems.append(Diagnostic(.input, "parameter \"\(parameter.name)\" is set twice"))
      }
      guard let value = parameter.kind.value(of: parts[1]), !parts[1].utf8.contains(0) else {
        problems.append(
          Diagnostic(
            .input,
            "parameter \"\(parameter.name)\" has type \(parameter.kind.rawValue), and \"\(parts[1])\" is not one",
            remedies: ["write, for example, \(parameter.name)=\(parameter.kind.example)"]))
        continue
      }
      given[parameter.name] = value
    }
    var values = JSONObject()
    for parameter in parameters {
      if let value = given[parameter.name] ?? parameter.defaultValue {
        values[parameter.name] = value
      } else if !(datesCanBeMissing && parameter.kind == .date),
        !options.contains(where: { $0.hasPrefix(parameter.name + "=") })
      {
        problems.append(
          Diagnostic(
            .input, "parameter \"\(parameter.name)\" of pipeline \"\(name)\" has no value",
            remedies: ["add --param \(parameter.name)=VALUE", "give it a default in the pipeline file"]))
      }
    }
    guard problems.isEmpty else { throw DiagnosticList(problems) }
    return values
  }
}
