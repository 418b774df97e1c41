import BuildFiles
import Testing

@Suite struct AddressTests {
  func reference(_ text: String, in directory: String = "a/b") throws -> AddressReference {
    try AddressReference(parsing: text, relativeTo: directory)
  }

  @Test(arguments: [
    ("lib/auth", "lib/auth:auth"), ("lib/auth:auth", "lib/auth:auth"), ("lib/auth:tests", "lib/auth:tests"),
    (":x", "a/b:x"), (":b", "a/b:b"), ("//:root", "//:root"), ("//lib:x", "lib:x"), ("./c", "a/b/c:c"),
    ("3rdparty:reqs#flask", "3rdparty:reqs#flask"), ("app:bin@env=prod,a=1", "app:bin@a=1,env=prod"),
    (":t#gen@k=v", "a/b:t#gen@k=v"), (":b#gen", "a/b#gen"), ("a/b@k=v", "a/b@k=v"),
    ("node/@types/x:y", "node/@types/x:y"),
  ])
  func directoriesGiveAddresses(text: String, expected: String) throws {
    #expect(try reference(text).inDirectory?.description == expected)
  }

  @Test(arguments: [
    ("lib/auth/token.py", "lib/auth/token.py"), ("lib/auth/token.py:tests", "lib/auth/token.py:tests"),
    ("lib/auth/sub/x.py:../auth", "lib/auth/sub/x.py:../auth"), ("x.py:root", "//x.py:root"),
  ])
  func filesGiveAddressesOfGeneratedTargets(text: String, expected: String) throws {
    let address = try #require(try reference(text).ofFile)
    #expect(address.description == expected)
    #expect(address.filePath.map { text.hasPrefix($0) } == true)
  }

  @Test(arguments: ["", ":", "a:", "a:b:c", "a#", "/abs:x", "../../../x:y", "a:b@"])
  func whatIsNoAddressIsRefused(text: String) throws {
    if text == "a:b@" {
      // Without key=value the sign is part of the name.
      #expect(try reference(text).target == "b@")
    } else {
      #expect(throws: AddressError.self) { try reference(text) }
    }
  }

  @Test(arguments: [
    ("::", Spec.Selection.descendants("")), ("a/b::", .descendants("a/b")), ("a/b:", .siblings("a/b")),
    ("//:", .siblings("")), ("a/b", .path("a/b")), ("./c/", .path("w/c")), ("a/*.py", .glob("a/*.py")),
    ("./::", .descendants("w")), ("-a::", .descendants("a")),
  ])
  func specsSelect(text: String, expected: Spec.Selection) throws {
    let spec = try Spec(parsing: text, workingDirectory: "w")
    #expect(spec.selection == expected)
    #expect(spec.isExclusion == text.hasPrefix("-"))
  }

  @Test func specsOfOneTargetKeepTheReference() throws {
    let spec = try Spec(parsing: "a/b:c@k=v", workingDirectory: "")
    guard case .target(let reference) = spec.selection else {
      Issue.record("\(spec.selection)")
      return
    }
    #expect(reference.inDirectory?.description == "a/b:c@k=v")
  }
}
