/// The globals of one evaluation of a file.
///
/// `@unchecked Sendable`: written only by the thread that evaluates the file; shared after it is frozen.
final class ModuleState: @unchecked Sendable {
  let program: Program
  @exclusivity(unchecked) var globals: [Value]
  /// The values of the predeclared names that the program uses, in the order of `Program.predeclaredNames`.
  let predeclared: [Value]
  /// Names defined while running, by the host: only dialects with late names see them.
  var late: [String: Value] = [:]

  init(program: Program, predeclared: [Value]) {
    self.program = program
    self.predeclared = predeclared
    globals = Array(repeating: .unbound, count: program.globalNames.count)
  }
}

/// An evaluated file, frozen, or a set of values that the host offers to `load`.
public struct StarlarkModule: Sendable {
  /// The name of the file.
  public let name: String
  /// The values of the module's globals, in the order of definition. Loaded names are not among them.
  public let globals: [(name: String, value: Value)]
  private let positions: [String: Int]

  /// A module of the host's own values, which are frozen.
  public init(name: String, globals: [(name: String, value: Value)]) {
    self.name = name
    self.globals = globals
    for global in globals { global.value.freeze() }
    positions = Dictionary(globals.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { $1 })
  }

  /// The value of a global.
  public subscript(name: String) -> Value? { positions[name].map { globals[$0].value } }
}
