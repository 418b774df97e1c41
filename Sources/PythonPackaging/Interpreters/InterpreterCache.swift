import JSON
import SystemSupport

/// The facts of interpreters, by path and stat.
struct InterpreterCache {
  enum Answer {
    case facts(InterpreterFacts)
    case broken(String)
  }
  private let file: FilePath?
  private var entries = JSONObject()
  private var isChanged = false
  /// Changes with the script.
  private static let format: Int64 = 1
  /// A program that takes longer to answer does not count as an interpreter.
  private static let deadline = 20_000

  init(_ file: FilePath?) {
    self.file = file
    // A cache that is missing or damaged is an empty one.
    guard let file, let bytes = try? FileSystem.read(file), let json = try? JSONValue(parsing: bytes),
      json["format"]?.int == Self.format, let entries = json["interpreters"]?.object
    else { return }
    self.entries = entries
  }

  /// Writes new facts. Without a writable directory, the interpreters are run again next time.
  mutating func save() {
    guard isChanged, let file else { return }
    let json = JSONValue.members(["format": .int(Self.format), "interpreters": .object(entries)])
    do throws(SystemCallError) {
      try FileSystem.createDirectories(file.removingLastComponent())
      try FileSystem.write(json.bytes(JSONFormat(indent: 1, sortsMembers: true)), to: file)
      isChanged = false
    } catch {
      return
    }
  }

  mutating func facts(of path: FilePath) -> Answer {
    let status: FileStatus
    do throws(SystemCallError) {
      status = try FileSystem.status(of: path, followingLinks: true)
    } catch {
      return .broken("\(error)")
    }
    let stamp = "\(status.size) \(status.modificationTime) \(status.inode) \(status.device)"
    if let entry = entries[path.string], entry["stamp"]?.string == stamp {
      if let facts = entry["facts"].flatMap({ InterpreterFacts($0) }) { return .facts(facts) }
      if let reason = entry["broken"]?.string { return .broken(reason) }
    }
    let (answer, json) = Self.ask(path)
    let kind = if case .facts = answer { "facts" } else { "broken" }
    entries[path.string] = .object(JSONObject([("stamp", .string(stamp)), (kind, json)]))
    isChanged = true
    return answer
  }

  private static func ask(_ path: FilePath) -> (Answer, JSONValue) {
    func broken(_ reason: String) -> (Answer, JSONValue) { (.broken(reason), .string(reason)) }
    let outcome: Subprocess.Outcome
    do throws(SystemCallError) {
      outcome = try Subprocess(
        path.string, ["-I", "-S", "-B", "-c", InterpreterFacts.script], deadlineMilliseconds: deadline
      ).run()
    } catch {
      return broken("\(error)")
    }
    guard outcome.termination.isSuccess else {
      let last = outcome.errorText.split(separator: "\n").last.map(String.init) ?? "\(outcome.termination)"
      return broken(last)
    }
    guard let json = try? JSONValue(parsing: outcome.output), let facts = InterpreterFacts(json) else {
      return broken("unexpected answer: \(outcome.text.prefix(100))")
    }
    return (.facts(facts), json)
  }
}
