import SystemPackage
import SystemSupport
import Testing

@testable import Tailor

/// Changes of several files are carried out as a whole.
@Suite struct JournalTests {
  private let fixture: TailorFixture
  private let changes: [BuildFileChange]
  private var journal: ChangeJournal { get throws { ChangeJournal(try fixture.workspace()) } }

  init() throws {
    fixture = try TailorFixture([
      "a/x.py": "", "a/BUILD": "target(name=\"t\")  # \u{e9}\n", "b/x.py": "", "c/x.py": "",
      "c/BUILD": "target(name=\"t\")\n",
    ])
    changes = try fixture.proposals().changes
    #expect(changes.map(\.path) == ["a/BUILD", "b/BUILD", "c/BUILD"])
  }

  private func states() throws -> [BuildFileChange.State] { try changes.map { try $0.state(in: fixture.root) } }

  /// A run that was killed behind its first writes: the journal is there, and some files are as they are to be.
  private func stopped(behind count: Int) throws {
    try FileSystem.createDirectories(fixture.root.appending(".kilt"))
    try FileSystem.write(ChangeJournal.encoded(changes), to: fixture.root.appending(".kilt/tailor.json"))
    for change in changes.prefix(count) { try change.write(in: fixture.root) }
  }

  @Test(arguments: 0...3) func theNextRunFinishes(count: Int) throws {
    try stopped(behind: count)
    #expect(try states() == Array(repeating: .after, count: count) + Array(repeating: .before, count: 3 - count))
    #expect(try journal.finish() == (count == 3 ? .none : .finished(3 - count)))
    #expect(try states() == [.after, .after, .after])
    #expect(try journal.finish() == .none)
    #expect(try fixture.proposals().changes.isEmpty)
  }

  @Test func whatSomebodyHasChangedSinceIsFoundAnew() throws {
    try stopped(behind: 1)
    try fixture.write("c/BUILD", "target(name=\"other\")\n")
    #expect(try journal.finish() == .outdated("c/BUILD"))
    #expect(try states() == [.after, .before, .other])
    try fixture.tailor()
    #expect(try fixture.read("c/BUILD") == "target(name=\"other\")\n\npython_sources()\n")
    #expect(try fixture.proposals().changes.isEmpty)
  }

  @Test func aFileThatIsAnotherStopsAllBeforeAnyIsWritten() throws {
    try fixture.write("c/BUILD", "target(name=\"other\")\n")
    let text = message { try self.journal.carryOut(changes) }
    #expect(text.contains("\"c/BUILD\" was changed by somebody else meanwhile"), "\(text)")
    #expect(try states() == [.before, .before, .other])
    #expect(try journal.finish() == .none)
  }

  @Test func anErrorTakesBackWhatWasWritten() throws {
    // Its folder is gone when the file is written.
    try FileSystem.removeTree(fixture.root.appending("b"))
    #expect(throws: (any Error).self) { try journal.carryOut(changes) }
    #expect(try states() == [.before, .before, .before])
    #expect(try journal.finish() == .none)
    #expect(!FileSystem.exists(fixture.root.appending("b")))
  }

  @Test(arguments: ["", "{", "{\"tailor\": 2}", "{\"tailor\": 1, \"changes\": [{}]}"])
  func aJournalThatCanNotBeReadIsNone(text: String) throws {
    try FileSystem.createDirectories(fixture.root.appending(".kilt"))
    try FileSystem.write(text: text, to: fixture.root.appending(".kilt/tailor.json"))
    #expect(try journal.finish() == .none)
    #expect(!FileSystem.exists(fixture.root.appending(".kilt/tailor.json")))
    #expect(try states() == [.before, .before, .before])
  }
}
