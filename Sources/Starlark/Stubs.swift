final class Code: Sendable {
  let name = ""
  let location: SourceLocation
  struct P { var names: [String] }
  let parameters = P(names: [])
  init(location: SourceLocation) { self.location = location }
}
extension Code.P: Sendable {}
struct Frame {
  var function: StarlarkFunction
  var location: SourceLocation?
}
struct IteratorState {}
final class ValueStack {}
enum Interpreter {
  static func call(_ f: Value, _ p: [Value], _ n: [NamedArgument], _ t: StarlarkThread) throws -> Value {
    throw StarlarkError("the evaluator is not there yet")
  }
}
enum Printer {
  static func text(_ v: Value, _ m: Meter) throws -> String { "" }
  static func representation(_ v: Value, _ m: Meter) throws -> String { "" }
  static func quoted(_ s: String) -> String { "\"\(s)\"" }
}
enum Suggestion {
  static func hint(for name: String, among: some Sequence<String>) -> String? { nil }
}
enum Universe { static let values: [String: Value] = [:] }
func areEqual(_ a: Value, _ b: Value, _ m: Meter) throws -> Bool { false }
func hashValue(of v: Value, _ m: Meter) throws -> Int { 0 }
func hashBytes(_ b: [UInt8]) -> Int { 0 }
/// Big.
public final class BigInteger: Sendable {
  var doubleValue: Double { 0 }
  static func parse(_ b: [UInt8], base: Int, allowLeadingZeros: Bool) -> Value? { nil }
}
enum Compiler {
  struct Unit {
    var loads: [String]; var globalNames: [String]; var exportedGlobals: [Bool]; var predeclaredNames: [String];
    var code: Code
  }
  static func compile(source: SourceFile, dialect: Dialect, environment: Environment) throws -> Unit {
    _ = try Parser.parse(source, dialect)
    throw StarlarkError("the evaluator is not there yet")
  }
}
