internal import Diagnostics
internal import JSON
internal import JobFiles
internal import JobModel
internal import SystemSupport

/// The findings of `kilt job lint` for programs.
enum LintReport {
  static func json(_ findings: [JobFileCheck]) -> JSONValue {
    let files = findings.map { finding -> JSONValue in
      let jobs = finding.jobs.map { job -> JSONValue in
        .members([
          "stage": .string(job.stage), "key": .string(job.key),
          "instances": job.configuration.map { .int(Int64($0.instances)) } ?? .null,
          "unbound": .strings(job.unbound),
        ])
      }
      let problems =
        finding.errors.map { problem($0, level: "error") } + finding.warnings.map { problem($0, level: "warning") }
      return .members(["path": .string(finding.path), "jobs": .array(jobs), "problems": .array(problems)])
    }
    return .members(["files": .array(files)])
  }

  private static func problem(_ diagnostic: Diagnostic, level: String) -> JSONValue {
    var object = JSONObject([("level", .string(level)), ("message", .string(diagnostic.summary))])
    if let location = diagnostic.location {
      object["path"] = .string(location.path)
      object["line"] = .int(Int64(location.line))
      if let column = location.column { object["column"] = .int(Int64(column)) }
    }
    object["notes"] = .strings(diagnostic.notes)
    object["help"] = .strings(diagnostic.remedies)
    return .object(object)
  }

  /// SARIF 2.1.0 (OASIS), which code hosts show beside the lines of a change.
  static func sarif(_ findings: [JobFileCheck]) -> JSONValue {
    var results: [JSONValue] = []
    for finding in findings {
      for error in finding.errors { results.append(result(error, level: "error", of: finding)) }
      for warning in finding.warnings { results.append(result(warning, level: "warning", of: finding)) }
    }
    let rules: [JSONValue] = [
      ["id": "job-error", "shortDescription": ["text": "A job file that the scheduler would refuse"]],
      ["id": "job-warning", "shortDescription": ["text": "A job file with a possible mistake"]],
    ]
    return .members([
      "$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0",
      "runs": [
        .members([
          "tool": .members([
            "driver": .members([
              "name": "kilt job lint", "version": .string(kiltVersion), "rules": .array(rules),
            ])
          ]),
          "columnKind": "unicodeCodePoints", "results": .array(results),
        ])
      ],
    ])
  }

  private static func result(_ diagnostic: Diagnostic, level: String, of finding: JobFileCheck) -> JSONValue {
    let location = diagnostic.location ?? SourceLocation(path: finding.path, line: 1)
    var region = JSONObject([("startLine", .int(Int64(location.line)))])
    if let column = location.column {
      let start = characters(location, bytes: column - 1)
      region["startColumn"] = .int(Int64(start + 1))
      region["endColumn"] = .int(Int64(max(start + 1, characters(location, bytes: column - 1 + location.length)) + 1))
    }
    let text = ([diagnostic.summary] + diagnostic.notes + diagnostic.remedies.map { "help: \($0)" })
      .joined(separator: "\n")
    return .members([
      "ruleId": .string("job-\(level)"), "level": .string(level), "message": ["text": .string(text)],
      "locations": [
        .members([
          "physicalLocation": .members([
            "artifactLocation": ["uri": .string(uri(location.path))], "region": .object(region),
          ])
        ])
      ],
    ])
  }

  /// Columns count bytes here and characters in SARIF.
  private static func characters(_ location: SourceLocation, bytes: Int) -> Int {
    guard let line = location.lineText else { return bytes }
    return String(decoding: line.utf8.prefix(bytes), as: UTF8.self).unicodeScalars.count
  }

  private static func uri(_ path: String) -> String {
    var text = ""
    for byte in path.utf8 {
      switch byte {
      case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "/"), UInt8(ascii: "."), UInt8(ascii: "-"),
        UInt8(ascii: "_"), UInt8(ascii: "~"):
        text.append(Character(UnicodeScalar(byte)))
      default: text += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
      }
    }
    return text
  }
}
