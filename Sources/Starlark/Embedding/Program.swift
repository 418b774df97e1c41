public import StarlarkSyntax

/// A file that has been parsed, resolved and compiled: immutable, evaluated any number of times, on any thread.
public final class Program: Sendable {
  /// The file.
  public let source: SourceFile
  /// The dialect it was read in.
  public let dialect: Dialect
  /// The modules that its `load` statements name, in order, without duplicates.
  public let loads: [String]
  /// The names that the file defines at top level, loaded ones included.
  public let globalNames: [String]
  let environment: Environment
  let predeclaredNames: [String]
  let exportedGlobals: [Bool]
  let code: Code

  /// Reads a file. Throws `StarlarkError` with kind `syntax` or `name`.
  ///
  /// `environment` determines the defined names, and supplies their values unless `StarlarkThread.execute` gets
  /// another.
  public init(source: SourceFile, dialect: Dialect = .standard, environment: Environment = Environment()) throws {
    self.source = source
    self.dialect = dialect
    self.environment = environment
    let unit = try Compiler.compile(source: source, dialect: dialect, environment: environment)
    loads = unit.loads
    globalNames = unit.globalNames
    exportedGlobals = unit.exportedGlobals
    predeclaredNames = unit.predeclaredNames
    code = unit.code
  }

  /// Reads a file from its text.
  public convenience init(
    text: String, file: String, dialect: Dialect = .standard, environment: Environment = Environment()
  ) throws {
    try self.init(
      source: SourceFile(name: file, bytes: Array(text.utf8)), dialect: dialect, environment: environment)
  }
}
