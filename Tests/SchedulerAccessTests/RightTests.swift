import Diagnostics
import Testing

@testable import SchedulerAccess

@Suite struct RightTests {
  @Test(
    "The text of a right reads back as the same right",
    arguments: ["read", "admin", "deploy www-data/prod", "deploy */devel"])
  func roundTrip(text: String) throws { #expect(try AccessRight(parsing: text).description == text) }

  @Test(
    "A text that is not a right is refused",
    arguments: [
      "", "Read", "write", "deploy", "deploy a", "deploy a/b/c", "deploy /b", "deploy a/", "deploy ../x", "admin all",
      "deploy a/b c", "deploy a%2fb/c",
    ])
  func refused(text: String) { #expect(throws: Diagnostic.self) { try AccessRight(parsing: text) } }

  private func isMet(_ required: RequiredAccess, _ rights: String...) throws -> Bool {
    required.isMet(by: Set(try rights.map { try AccessRight(parsing: $0) }))
  }

  @Test("A deploy right covers its own role and stage, reading included, and nothing else")
  func deploy() throws {
    let job = RequiredAccess.deploy(role: "www-data", stage: "devel")
    #expect(try isMet(job, "deploy www-data/devel"))
    #expect(try isMet(job, "deploy */devel"))
    #expect(try isMet(job, "deploy www-data/*"))
    #expect(try !isMet(job, "deploy www-data/prod"))
    #expect(try !isMet(job, "deploy www/devel", "read"))
    #expect(try isMet(.readJob(role: "www-data", stage: "devel"), "deploy www-data/devel"))
    #expect(try !isMet(.readJob(role: "www-data", stage: "prod"), "deploy www-data/devel"))
    #expect(try !isMet(.read, "deploy */*"))
    #expect(try !isMet(.admin, "deploy */*", "read"))
  }

  @Test("A caller without rights can only do what needs none, and admin can do everything")
  func extremes() throws {
    let all: [RequiredAccess] = [
      .identity, .read, .readJob(role: "a", stage: "b"), .deploySomewhere, .deploy(role: "a", stage: "b"), .admin,
    ]
    for required in all {
      #expect(try isMet(required, "admin"))
      #expect(!required.isMet(by: []))
    }
    #expect(RequiredAccess.nothing.isMet(by: []))
  }
}
