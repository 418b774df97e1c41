public import Diagnostics
public import SystemSupport

/// Why a bundle cannot be built.
public enum BundleError: DiagnosableError, Hashable {
  /// A source's path would leave the bundle, or is one that the bundle needs for itself.
  case badSourcePath(String, reason: String)
  case duplicateSource(String)
  case unreadableSource(String, SystemCallError)
  /// A source file got shorter or longer while it was read.
  case sourceChanged(String)
  case badConstraint(String)
  /// No Python meets the constraints and has a place in every wheel's tags.
  case noInterpreter(constraints: [String], wheel: String?)
  case badWheelName(String)
  case duplicateWheel(String)
  /// Wheels hold files of one name with different contents.
  case collisions([Bundle.Collision])
  case unreadableWheel(String, SystemCallError)
  case unreadableOutput(FilePath, SystemCallError)

  public var diagnostic: Diagnostic {
    switch self {
    case .badSourcePath(let path, let reason):
      Diagnostic(.input, "cannot add \"\(path)\" to a bundle: \(reason)", remedies: ["rename it or move it"])
    case .duplicateSource(let path):
      Diagnostic(
        .input, "two source files map to \"\(path)\" in the bundle", remedies: ["rename or remove one of them"])
    case .unreadableSource(let path, let error):
      Diagnostic(.input, "cannot read the source file for \"\(path)\"", notes: [error.description])
    case .sourceChanged(let path):
      Diagnostic(
        .input, "the source file for \"\(path)\" changed while Kilt read it", remedies: ["run the command again"])
    case .badConstraint(let text):
      Diagnostic(
        .input, "invalid interpreter constraint \"\(text)\"",
        remedies: ["write it as in 'CPython>=3.11,<3.13' or '==3.11.*'"])
    case .noInterpreter(let constraints, let wheel):
      Diagnostic(
        .input, "no Python from 3.8 on meets the interpreter constraints and the wheels",
        notes: ["the constraints are \(constraints.isEmpty ? "none" : constraints.joined(separator: " or "))"]
          + (wheel.map { ["\"\($0)\" leaves no version" + Self.freeThreadedNote($0)] } ?? []),
        remedies: ["change the constraints, or lock wheels for a Python that meets them"])
    case .badWheelName(let name):
      Diagnostic(.input, "\"\(name)\" is not a wheel file name (PEP 427)")
    case .duplicateWheel(let name):
      Diagnostic(.input, "the bundle has the wheel \"\(name)\" twice")
    case .collisions(let collisions):
      Diagnostic(
        .input, "wheels contain different files with the same path; the bundle can contain only one",
        notes: collisions.prefix(10).map { "\"\($0.path)\" in \"\($0.used)\" and in \"\($0.hidden)\"" }
          + (collisions.count > 10 ? ["and \(collisions.count - 10) more"] : []),
        remedies: ["drop one of the two, or say ignore_errors=True, which uses the first"])
    case .unreadableWheel(let name, let error):
      Diagnostic(.environment, "cannot read the wheel \"\(name)\"", notes: [error.description])
    case .unreadableOutput(let path, let error):
      Diagnostic(.environment, "cannot read \"\(path)\" back", notes: [error.description])
    }
  }

  /// A bundle starts with the interpreter of a version, and free-threaded ones have the versions of others.
  private static func freeThreadedNote(_ wheel: String) -> String {
    let abi = wheel.split(separator: "-").dropLast().last ?? ""
    return abi.hasPrefix("cp3") && abi.hasSuffix("t")
      ? ": it is for free-threaded Pythons, which bundles do not run on" : ""
  }
}
