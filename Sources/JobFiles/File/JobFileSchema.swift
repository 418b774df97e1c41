public import JSON
import JobModel

/// The JSON schema of job files (draft 2020-12). Editors complete and check with it; ``JobFile`` checks more.
public enum JobFileSchema {
  public static var json: JSONValue {
    var properties = JSONObject()
    for (name, schema) in fileProperties + stageProperties { properties[name] = schema }
    properties["stages"] = .members([
      "type": "object", "description": "What differs by stage.", "minProperties": 1,
      "propertyNames": ["pattern": identifier],
      "additionalProperties": .members([
        "type": ["object", "null"], "additionalProperties": false, "properties": .object(JSONObject(stageProperties)),
      ]),
    ])
    return .members([
      "$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Kilt job file", "type": "object",
      "additionalProperties": false, "required": ["file", "user", "buildname", "stages"],
      "properties": .object(properties),
    ])
  }

  private static let identifier: JSONValue = "^[A-Za-z0-9_.-]{1,255}$"
  private static let size: JSONValue = [
    "type": "string", "pattern": "^[0-9]+(\\.[0-9]+)? ?([KMGT](i?B)?|B)$",
    "description": "A size with its unit: 256MB.",
  ]

  private static func text(_ description: String) -> JSONValue {
    ["type": "string", "description": .string(description)]
  }

  private static func name(_ description: String) -> JSONValue {
    ["type": "string", "pattern": identifier, "description": .string(description)]
  }

  private static func choice(_ values: [String], _ description: String) -> JSONValue {
    ["enum": .strings(values), "description": .string(description)]
  }

  private static var fileProperties: [(String, JSONValue)] {
    [
      ("file", text("The template, relative to this file, or from the workspace root with //.")),
      ("user", name("The role: the user that the job runs as.")),
      ("name", name("The name of the job. Default: the name of the file.")),
      ("buildname", name("The artifact, as in dist/NAME-COMMIT-PLATFORM.pex.")),
      ("hashtype", choice(TaskArtifact.HashType.allCases.map(\.rawValue), "How the version is written.")),
    ]
  }

  private static var stageProperties: [(String, JSONValue)] {
    [
      ("cluster", name("Where the job runs.")), ("contact", text("Whom to ask about the job.")),
      (
        "githash",
        [
          "type": ["string", "integer", "number"], "pattern": "^[0-9a-fA-F]{7,40}$",
          "description": "The commit: 7 to 40 digits.",
        ]
      ),
      ("version", ["type": ["string", "integer", "number"], "description": "The version, for other hash types."]),
      ("config", config), ("args", ["type": ["object", "null"], "description": "Values that the template asks for."]),
      (
        "env",
        .members([
          "type": "object", "description": "Variables of the environment of every process.",
          "propertyNames": ["pattern": "^[A-Za-z_][A-Za-z0-9_]*$"],
          "additionalProperties": ["type": ["string", "number", "boolean"]],
        ])
      ),
      (
        "secrets",
        .members([
          "type": "object", "description": "Files in memory, by name; the value says where the host finds the secret.",
          "propertyNames": ["pattern": identifier],
          "additionalProperties": ["type": "string", "pattern": "^[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*$"],
        ])
      ),
      ("volumes", volumes), ("alerts", alerts),
      (
        "drain_secs",
        [
          "type": "number", "minimum": 0, "maximum": 3600,
          "description": "Seconds that an instance stays up before it is asked to stop.",
        ]
      ),
      (
        "finalization_wait",
        [
          "type": "number", "minimum": 0, "maximum": 3600,
          "description": "Seconds that processes have between SIGTERM and SIGKILL.",
        ]
      ),
      (
        "constraints",
        .members([
          "type": "object", "description": "Attributes of the host: limit:2, a,b or !a,b.",
          "additionalProperties": ["type": ["string", "number", "boolean"]],
        ])
      ),
      (
        "metadata",
        .members([
          "type": "object", "description": "Texts that are kept with the job.",
          "additionalProperties": ["type": ["string", "number", "boolean"]],
        ])
      ),
    ] + JobSection.allCases.map { ($0.rawValue, section($0)) }
  }

  private static func section(_ section: JobSection) -> JSONValue {
    var properties = JSONObject()
    for field in section.fields {
      var schema = schema(of: field.kind).object ?? JSONObject()
      schema["description"] = .string(field.description)
      properties[field.name] = .object(schema)
    }
    return .members([
      "type": ["object", "null"], "description": .string(section.description), "additionalProperties": false,
      "properties": .object(properties),
    ])
  }

  private static func schema(of kind: JobSection.Kind) -> JSONValue {
    switch kind {
    case .integer(let range):
      ["type": "integer", "minimum": .int(Int64(range.lowerBound)), "maximum": .int(Int64(range.upperBound))]
    case .integers:
      ["type": "array", "minItems": 1, "items": ["type": "integer", "minimum": 1, "maximum": 4000]]
    case .seconds(let range), .number(let range):
      ["type": "number", "minimum": .double(range.lowerBound), "maximum": .double(range.upperBound)]
    case .flag: ["type": "boolean"]
    case .text: ["type": "string", "minLength": 1]
    case .path: ["type": "string", "pattern": "^/"]
    case .texts: ["type": "object", "additionalProperties": ["type": ["string", "number", "boolean"]]]
    case .choice(let known): ["enum": .strings(known)]
    }
  }

  private static var config: JSONValue {
    .members([
      "type": ["object", "null"], "description": "Settings that change often.", "additionalProperties": false,
      "properties": .members([
        "cpu": ["type": "number", "exclusiveMinimum": 0], "ram": size, "disk": size,
        "processes": ["type": "integer", "minimum": 1],
        "instances": ["type": "integer", "minimum": 1, "maximum": 4000],
        "priority": ["type": "integer"], "max_task_failures": ["type": "integer", "minimum": -1],
        "tier": ["enum": .strings(Tier.allCases.map(\.rawValue))],
      ]),
    ])
  }

  private static var volumes: JSONValue {
    .members([
      "type": "array", "description": "Directories of the host that the task sees.",
      "items": .members([
        "type": "object", "additionalProperties": false, "required": ["host", "at"],
        "properties": .members([
          "host": ["type": "string", "pattern": "^/"], "at": ["type": "string"],
          "mode": ["enum": .strings(Volume.Mode.allCases.map(\.rawValue))],
        ]),
      ]),
    ])
  }

  private static var alerts: JSONValue {
    let rule: JSONValue = .members([
      "anyOf": [
        ["type": "boolean"], ["enum": ["on", "off"]],
        .members([
          "type": "object", "additionalProperties": false,
          "properties": .members([
            "for": ["type": "number", "minimum": 0, "description": "Seconds."],
            "above": ["type": ["number", "string"], "description": "Part of the limit: 90% or 0.9."],
            "severity": ["enum": .strings(AlertRule.Severity.allCases.map(\.rawValue))],
          ]),
        ]),
      ]
    ])
    var properties = JSONObject()
    for condition in AlertRule.Condition.allCases { properties[condition.rawValue] = rule }
    return .members([
      "type": "object", "description": "Conditions that alert people.", "additionalProperties": false,
      "properties": .object(properties),
    ])
  }
}
