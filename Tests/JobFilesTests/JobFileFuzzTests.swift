import Diagnostics
import JSON
import JobModel
import SystemSupport
import Testing

@testable import JobFiles

/// Damaged job files, as `scripts/fuzz job` makes millions of: the same numbers make the same files.
@Suite struct JobFileFuzzTests {
  private static let root = FilePath(#filePath).removingLastComponent().removingLastComponent().removingLastComponent()

  /// A generator that needs no state of the machine (SplitMix64).
  private struct Generator: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
      state &+= 0x9E37_79B9_7F4A_7C15
      var value = state
      value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
      value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
      return value ^ (value >> 31)
    }
  }

  private static func corpus() throws -> [[UInt8]] {
    let lines = try FileSystem.readText(root.appending("Fuzz/job/corpus")).split(
      separator: "\n", omittingEmptySubsequences: false)
    return lines.map { line in
      let digits = line.utf8.map { $0 < 58 ? $0 - 48 : $0 - 87 }
      return stride(from: 0, to: digits.count - 1, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
    }
  }

  /// What the tests' own job file becomes: bytes and lines are changed, removed, doubled, and words put in.
  private static func damaged(_ bytes: [UInt8], _ words: [[UInt8]], _ random: inout Generator) -> [UInt8] {
    var bytes = bytes
    for _ in 0..<Int.random(in: 1...6, using: &random) {
      let place = Int.random(in: 0...bytes.count, using: &random)
      switch Int.random(in: 0..<6, using: &random) {
      case 0 where place < bytes.count: bytes[place] = UInt8.random(in: 0...255, using: &random)
      case 1 where place < bytes.count: bytes.remove(at: place)
      case 2: bytes.insert(contentsOf: words.randomElement(using: &random) ?? [], at: place)
      case 3:
        var lines = bytes.split(separator: 0x0A, omittingEmptySubsequences: false)
        lines.insert(lines[Int.random(in: 0..<lines.count, using: &random)], at: 0)
        bytes = Array(lines.joined(separator: [0x0A]))
      case 4: bytes = Array(bytes.prefix(place))
      default:
        bytes.insert(
          contentsOf: [UInt8](" \t\n:{}[],&*!|>'\"%@`#-?".utf8).shuffled(using: &random).prefix(2), at: place)
      }
    }
    return bytes
  }

  /// Loads every stage of a job file: a refusal has a reason, and a job that is read comes back from its JSON.
  private func load(_ bytes: [UInt8]) {
    let loader = JobLoader(cluster: "local") { path in
      switch path {
      case "jobs/web.yaml": return bytes
      case "jobs/web.aurora": return Array(Fixture.template.utf8)
      default: throw SystemCallError("openat", FilePath(path), .noSuchFileOrDirectory)
      }
    }
    var stages: [String?] = [nil]
    attempt(bytes) { stages += try loader.stages(of: "jobs/web.yaml").prefix(3).map { $0 } }
    for stage in stages {
      attempt(bytes) {
        let job = try loader.load("jobs/web.yaml", stage: stage, artifacts: nil)
        #expect(try JobConfiguration(json: JSONValue(parsing: job.json.bytes(.compact))) == job)
      }
    }
  }

  private func attempt(_ bytes: [UInt8], _ body: () throws -> Void) {
    do {
      try body()
    } catch let list as DiagnosticList {
      #expect(!list.diagnostics.isEmpty && list.diagnostics.allSatisfy { !$0.summary.isEmpty })
    } catch let error as any DiagnosableError {
      #expect(!error.diagnostic.summary.isEmpty)
    } catch {
      Issue.record("an error without a diagnostic: \(error) of \(String(decoding: bytes, as: UTF8.self))")
    }
  }

  @Test("Every input of the fuzzer's corpus is read or refused with a reason") func corpus() throws {
    let inputs = try Self.corpus()
    #expect(inputs.count > 20)
    for input in inputs { load(input) }
  }

  @Test("A thousand damaged job files are read or refused with a reason", arguments: [1, 2])
  func damaged(seed: UInt64) throws {
    var random = Generator(state: seed)
    let words = try Self.corpus().filter { $0.count < 200 }
    let yaml = Array(Fixture.yaml.utf8)
    for _ in 0..<500 { load(Self.damaged(yaml, words, &random)) }
  }
}
