import Starlark
import Synchronization
import Testing

/// A host type that uses every operation: a set of file patterns, as of `globs("*.py") - globs("x.py")`.
final class Globs: StarlarkHostObject {
  let patterns: [String]
  let state = Mutex<(note: String, isFrozen: Bool)>(("", false))

  init(_ patterns: [String]) { self.patterns = patterns }

  let typeName = "globs"
  var representation: String { "globs(\(patterns.joined(separator: " ")))" }
  var isTruthy: Bool { !patterns.isEmpty }
  var count: Int? { patterns.count }
  let attributeNames = ["first", "note"]

  func attribute(_ name: String) throws -> Value? {
    switch name {
    case "first": patterns.first.map { .string($0) } ?? Value.none
    case "note": .string(state.withLock(\.note))
    default: nil
    }
  }

  func setAttribute(_ name: String, to value: Value) throws -> Bool {
    guard name == "note", let text = value.asString else { return false }
    if state.withLock(\.isFrozen) { throw StarlarkError("cannot change frozen globs") }
    state.withLock { $0.note = text }
    return true
  }

  func freeze() { state.withLock { $0.isFrozen = true } }

  func element(at key: Value) throws -> Value? {
    guard let index = key.asInt, patterns.indices.contains(index) else { throw StarlarkError("no such pattern") }
    return .string(patterns[index])
  }

  func elements() -> [Value]? { patterns.map { .string($0) } }

  func contains(_ key: Value) throws -> Bool? { key.asString.map(patterns.contains) }

  func binary(_ operation: BinaryOperator, _ other: Value, reversed: Bool) throws -> Value? {
    guard !reversed, let globs = other.asHost(Globs.self) else { return nil }
    switch operation {
    case .plus: return .host(Globs(patterns + globs.patterns))
    case .minus: return .host(Globs(patterns.filter { !globs.patterns.contains($0) }))
    default: return nil
    }
  }

  func isEqual(to other: any StarlarkHostObject) -> Bool { (other as? Globs)?.patterns == patterns }
  var hash: Int? { patterns.hashValue }

  var isCallable: Bool { true }
  func call(_ call: Call) throws -> Value { .int(call.positional.count + call.named.count) }
}

@Suite struct HostObjectTests {
  static let globs = Value.builtin("globs") { call in .host(Globs(call.positional.compactMap(\.asString))) }

  private func evaluate(_ expression: String) throws -> Value {
    try EmbeddingTests.execute("x = \(expression)", .buildFile, ["globs": Self.globs])["x"] ?? .none
  }

  @Test(
    arguments: [
      ("str(globs('a') + globs('b') - globs('a'))", "globs(b)"), ("type(globs())", "globs"),
      ("str(bool(globs()))", "False"), ("globs('a', 'b').first", "a"), ("globs('a', 'b')[1]", "b"),
      ("str([p for p in globs('a', 'b')])", "[\"a\", \"b\"]"), ("str('a' in globs('a'))", "True"),
      ("str('a' not in globs('b'))", "True"), ("str(len(globs('a')))", "1"), ("str(globs('a') == globs('a'))", "True"),
      ("str(globs('a') != globs('b'))", "True"), ("{globs('a'): 'found'}[globs('a')]", "found"),
      ("str(globs()(1, x=2))", "2"), ("str(dir(globs()))", "[\"first\", \"note\"]"),
      ("str(hasattr(globs(), 'other'))", "False"),
      ("str(list(globs('z')) + sorted(globs('c', 'b')))", "[\"z\", \"b\", \"c\"]"), ("'%s' % globs('a')", "globs(a)"),
      ("f\"{globs('q')}\"", "globs(q)"), ("getattr(globs(), 'nope', 'default')", "default"),
    ])
  func operationsReachTheHost(_ expression: String, _ result: String) throws {
    #expect(try evaluate(expression).asString == result)
  }

  @Test(
    arguments: [
      ("globs('a') * 2", "unknown binary op: globs * int"), ("1 - globs('a')", "unknown binary op: int - globs"),
      ("globs().firts", "globs has no .firts field or method"),
      ("globs('a') < globs('b')", "globs < globs not implemented"),
      ("globs('a')[7]", "no such pattern"),
    ])
  func unsupportedOperationsAreErrors(_ expression: String, _ message: String) throws {
    let error = try EmbeddingTests.failure("x = \(expression)", .buildFile, ["globs": Self.globs])
    #expect(error.message == message)
  }

  @Test func fieldsAreAssignedUntilTheModuleIsFrozen() throws {
    let values = ["globs": Self.globs]
    let module = try EmbeddingTests.execute("g = globs()\ng.note = 'a'\ng.note += 'b'\nx = g.note", .buildFile, values)
    #expect(module["x"]?.asString == "ab")
    let globs = try #require(module["g"]?.asHost(Globs.self))
    #expect(throws: StarlarkError.self) { try globs.setAttribute("note", to: .string("c")) }
    let error = try EmbeddingTests.failure("globs().first = 1", .buildFile, values)
    #expect(error.message == "can't assign to .first field of globs")
  }
}
