import Artifacts
import Diagnostics
import SystemSupport

/// The configuration of a host's runner. The artifact repository is determined only when something has to be fetched.
struct RunnerConfiguration {
  static let hostFile: FilePath = "/etc/kilt/runner.toml"

  /// The repository of, in this order: the option `--repository`; `KILT_REPOSITORY`; the host's `/etc/kilt/runner.toml`;
  /// `kilt.toml` of the workspace around the working directory.
  static func repository(option: String?) throws -> Repository {
    if let option { return try Repository(opening: option) }
    if let text = environmentVariable("KILT_REPOSITORY"), !text.isEmpty { return try Repository(opening: text) }
    if let text = try repository(in: hostFile) { return try Repository(opening: text) }
    var folder = try FileSystem.currentDirectory()
    while true {
      if let text = try repository(in: folder.appending("kilt.toml")) {
        return try Repository(opening: text, relativeTo: folder)
      }
      guard folder.removeLastComponent() else { break }
    }
    throw Diagnostic(
      .input, "no repository is configured",
      remedies: [
        "add `--repository URL`, or set KILT_REPOSITORY",
        "for the whole host, add to \(hostFile): repository = \"s3://BUCKET/PREFIX\"",
      ])
  }

  /// The demands of the host: its own policy always counts, and the one of `--policy` or `KILT_POLICY` as well.
  static func trust(_ invocation: RunnerInvocation) throws -> TrustContext {
    let named = (invocation.policy ?? variable("KILT_POLICY")).map { FilePath($0) }
    // A policy that is named must be there.
    if let named, !FileSystem.exists(named) {
      throw Diagnostic(
        .input, "the policy \"\(named)\" does not exist", remedies: ["correct `--policy`, or unset KILT_POLICY"])
    }
    return try .host(
      and: named, stage: invocation.stage ?? variable("KILT_STAGE"), now: wallClockNanoseconds() / 1_000_000_000)
  }

  /// Whether bytes and signatures are checked at each start: `--verify`, else `KILT_VERIFY`, else not.
  static func verifies(_ invocation: RunnerInvocation) throws -> Bool {
    if let verifies = invocation.verifies { return verifies }
    return try variable("KILT_VERIFY").map { try RunnerArguments.verifies($0) } ?? false
  }

  private static func variable(_ name: String) -> String? {
    environmentVariable(name).flatMap { $0.isEmpty ? nil : $0 }
  }

  private static func repository(in file: FilePath) throws -> String? {
    do throws(SystemCallError) {
      return value(ofRepositoryIn: try FileSystem.readText(file, limit: 1 << 20))
    } catch {
      if error.isMissing { return nil }
      throw Diagnostic(.environment, error.description)
    }
  }

  /// The value of `repository` at the top of a TOML file, or of `url` in its table `[repository]`: basic and literal
  /// strings on one line. All else in the file is somebody else's to read.
  static func value(ofRepositoryIn text: String) -> String? {
    var table = ""
    for line in text.split(whereSeparator: \.isNewline) {
      let line = trimmed(line)
      if line.hasPrefix("["), let end = line.firstIndex(of: "]") {
        table = String(trimmed(line[line.index(after: line.startIndex)..<end]))
        continue
      }
      guard let equals = line.firstIndex(of: "=") else { continue }
      let name = trimmed(line[..<equals])
      guard (table == "" && name == "repository") || (table == "repository" && name == "url") else { continue }
      let value = trimmed(line[line.index(after: equals)...])
      guard let quote = value.first, quote == "\"" || quote == "'" else { continue }
      let content = value.dropFirst()
      guard let end = content.firstIndex(of: quote) else { continue }
      return String(content[..<end])
    }
    return nil
  }

  private static func trimmed(_ text: Substring) -> Substring {
    var text = text.drop { $0 == " " || $0 == "\t" }
    while let last = text.last, last == " " || last == "\t" { text.removeLast() }
    return text
  }
}
