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

  @Test(
    "Characters of the address grammar are escaped in names; other percent signs stay",
    arguments: [
      ("a:b/c#", "a%3Ab/c%23:c%23"), ("x*", "x%2A:x%2A"), ("two\nlines", "two%0Alines:two%0Alines"),
      ("50%", "50%:50%"), ("a%20b", "a%20b:a%20b"), ("a%3Ab", "a%253Ab:a%253Ab"), ("v@2/k@x=y", "v@2/k%40x=y:k%40x=y"),
      ("-flag", "//-flag:-flag"), ("!not", "//!not:!not"),
    ])
  func escapes(directory: String, expected: String) throws {
    let name = Paths.lastComponent(directory)
    #expect(Address(directory: directory, name: name).description == expected)
    #expect(try reference(expected, in: "else/where").inDirectory == Address(directory: directory, name: name))
  }

  @Test("Any address is read back from its text, as a spec and in a BUILD file", arguments: 0..<40)
  func roundTrip(seed: UInt64) throws {
    var numbers = Seeded(state: seed)
    for _ in 0..<250 {
      let address = randomAddress(&numbers)
      let text = address.description
      #expect(!text.utf8.contains { $0 < 0x20 || $0 == 0x7F })
      let reference = try AddressReference(parsing: text, relativeTo: "some/where")
      #expect((address.file == nil ? reference.inDirectory : reference.ofFile) == address, "\(text)")
      let spec = try Spec(parsing: text, workingDirectory: "some/where")
      switch spec.selection {
      case .target(let found): #expect(found == reference, "\(text)")
      case .path(let path): #expect(path == address.filePath, "\(text)")
      default: Issue.record("\(text): \(spec.selection)")
      }
      #expect(!spec.isExclusion, "\(text)")
      // A path by itself, and all that is below it.
      let path = Paths.escaped(address.directory)
      #expect(try Spec(parsing: "//\(path)::").selection == .descendants(address.directory))
    }
  }

  private func randomAddress(_ numbers: inout Seeded) -> Address {
    let pieces = [
      "a", "b", "é", ":", "#", "*", "@", "=", "%", "%3A", "25", "\n", "\t", " ", "!", "-", ".", "@k=v", ",", "?", "[",
    ]
    func text(_ numbers: inout Seeded) -> String {
      let text = (0...Int(numbers.next() % 4)).map { _ in pieces[Int(numbers.next() % UInt64(pieces.count))] }.joined()
      return text.allSatisfy { $0 == "." } ? "x" + text : text
    }
    let directory = (0..<Int(numbers.next() % 3)).map { _ in text(&numbers) }.joined(separator: "/")
    let named = text(&numbers).filter { !":#@".contains($0) }
    var address = Address(directory: directory, name: Address.defaultName(in: directory) ?? "root")
    if numbers.next() % 2 == 0, !named.isEmpty { address.name = named }
    switch numbers.next() % 3 {
    case 0: address.file = (0...Int(numbers.next() % 2)).map { _ in text(&numbers) }.joined(separator: "/")
    case 1: address.generated = text(&numbers)
    default: break
    }
    if numbers.next() % 4 == 0 {
      address.parameters = [.init(key: "resolve", value: text(&numbers).filter { !"@=,:/#".contains($0) } + "v")]
    }
    return address
  }

  /// SplitMix64.
  private struct Seeded {
    var state: UInt64
    mutating func next() -> UInt64 {
      state &+= 0x9E37_79B9_7F4A_7C15
      var z = state
      z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
      z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
      return z ^ (z >> 31)
    }
  }
}
