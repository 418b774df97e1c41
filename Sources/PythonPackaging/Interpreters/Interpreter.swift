public import Diagnostics
public import SystemSupport

/// A Python interpreter on this machine.
public struct Interpreter: Sendable, Hashable {
  /// The program itself, no link.
  public var path: FilePath
  public var facts: InterpreterFacts

  public init(path: FilePath, facts: InterpreterFacts) {
    self.path = path
    self.facts = facts
  }

  /// Returns the arguments with which a Python runs a module as a program.
  ///
  /// As `-m`, but without the working directory on `sys.path`, where a file of any name could replace a module.
  public static func arguments(running module: String) -> [String] {
    let code = """
      import sys
      if sys.path and sys.path[0] == '':
          del sys.path[0]
      import runpy
      runpy.run_module(sys.argv.pop(1), run_name='__main__', alter_sys=True)
      """
    return ["-c", code, module]
  }
}

/// The reason why no interpreter is available.
public enum InterpreterError: DiagnosableError, Hashable {
  /// None was found that meets the constraints.
  case noneMatches(constraints: [InterpreterConstraint], found: [String])
  /// The program that was named does not work as one.
  case broken(path: FilePath, reason: String)

  public var diagnostic: Diagnostic {
    switch self {
    case .noneMatches(let constraints, let found):
      let wanted = constraints.map(\.description).joined(separator: " or ")
      return Diagnostic(
        .environment, wanted.isEmpty ? "no Python interpreter found" : "no Python interpreter that meets \(wanted)",
        notes: found.isEmpty ? ["none on the PATH, none from pyenv"] : ["found:"] + found.map { "  \($0)" },
        remedies: ["run `apt-get install python3` or `pyenv install VERSION`, and add it to the PATH"])
    case .broken(let path, let reason):
      return Diagnostic(.environment, "\"\(path)\" does not work as a Python interpreter", notes: [reason])
    }
  }
}
