import JobModel
import Testing

@Suite struct JobKeyTests {
  @Test func printsAsItParses() throws {
    let key = try JobKey(parsing: "aa/cbe/devel/eightball")
    #expect(key == JobKey(cluster: "aa", role: "cbe", stage: "devel", name: "eightball"))
    #expect(key.description == "aa/cbe/devel/eightball")
  }

  @Test(arguments: ["", "a/b/c", "a/b/c/d/e", "a//c/d", "a/b/c/..", "a/b/c/d e", "a/b/c/é"])
  func refusesWhatIsNoKey(_ text: String) {
    #expect(throws: JobKeyError.self) { try JobKey(parsing: text) }
  }

  @Test func namesTheBadComponent() {
    let error = #expect(throws: JobKeyError.self) { try JobKey(parsing: "aa/c be/devel/x") }
    #expect(
      error?.description
        == "invalid job key \"aa/c be/devel/x\": its role \"c be\" is not an identifier (letters, digits, \"_\", \".\", \"-\")"
    )
  }

  @Test(arguments: [
    (0, "1970-01-01T00:00:00.000Z"), (951_782_400_123, "2000-02-29T00:00:00.123Z"),
    (1_709_208_000_000, "2024-02-29T12:00:00.000Z"), (-1, "1969-12-31T23:59:59.999Z"),
  ])
  func timestampsPrintAsISO8601(_ milliseconds: Int64, _ text: String) {
    #expect(Timestamp(milliseconds: milliseconds).description == text)
  }
}
