import SystemSupport
import Testing

/// Edits after which an answer from what is known could be wrong, one by one.
@Suite struct EditTests {
  @Test func aChangedDefaultReachesTheChildThatReadsIt() throws {
    let repository = try RandomRepository(empty: "[workspace]\n")
    defer {
      do { try repository.remove() } catch { Issue.record(error) }
    }
    let defaults = "__defaults__({python_sources: dict(tags=[\"TAG\"])})\n"
    try repository.write("up/BUILD", defaults)
    try repository.write("up/mid/BUILD", "__defaults__({files: dict(tags=[*python_sources.tags.default, \"mid\"])})\n")
    try repository.write("up/mid/low/BUILD", "load(\"//tag.star\", \"own\")\ntarget(name=\"t\", tags=own(files))\n")
    try repository.write("tag.star", "def own(type):\n  return list(type.tags.default or []) + [\"own\"]\n")
    func tags() -> [Substring] {
      let incremental = Answer(repository.root, .list, fromNothing: false).text
      #expect(incremental == Answer(repository.root, .list, fromNothing: true).text)
      return incremental.split(separator: "\n").filter { $0.hasPrefix("up/mid/low:t") }
    }
    #expect(tags().first?.contains("[\"TAG\", \"mid\", \"own\"]") == true)
    try repository.write("up/BUILD", defaults.split(separator: "TAG").joined(separator: "new"))
    #expect(tags().first?.contains("[\"new\", \"mid\", \"own\"]") == true)
    try repository.write("tag.star", "def own(type):\n  return list(type.tags.default or []) + [\"other\"]\n")
    #expect(tags().first?.contains("[\"new\", \"mid\", \"other\"]") == true)
    try repository.write("up/BUILD", "target(name=\"nothing\")\n__defaults__({python_sources: dict(tags=[])})\n")
    #expect(tags().first?.contains("[\"mid\", \"other\"]") == true)
  }

  @Test func anAddressThroughALinkIsWhatTheLinkLeadsTo() throws {
    let repository = try RandomRepository(empty: "[workspace]\n")
    defer {
      do { try repository.remove() } catch { Issue.record(error) }
    }
    for name in ["one", "two"] {
      try repository.write("\(name)/BUILD", "python_sources()\ntarget(name=\"t\")\n")
      try repository.write("\(name)/m.py", "")
    }
    try repository.write(
      "use/BUILD", "target(name=\"u\", dependencies=[\"./link\", \"./link/m.py\", \"use/link:t\"])\n")
    let link = repository.root.appending("use/link")
    func answer() throws -> String {
      let incremental = Answer(repository.root, .everything, fromNothing: false).text
      #expect(incremental == Answer(repository.root, .everything, fromNothing: true).text)
      return incremental
    }
    #expect(try answer().contains("does not exist"))
    try FileSystem.createSymbolicLink(at: link, to: "../one")
    #expect(try answer().contains("use:u -> one/m.py one:one one:t\n") == true)
    try FileSystem.removeFile(link)
    try FileSystem.createSymbolicLink(at: link, to: "../two")
    #expect(try answer().contains("use:u -> two/m.py two:t two:two\n") == true)
    try FileSystem.removeFile(link)
    #expect(try answer().contains("does not exist"))
    try FileSystem.createSymbolicLink(at: link, to: "../use/link")
    #expect(try answer().contains("does not exist"))
  }
}
