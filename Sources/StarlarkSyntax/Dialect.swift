/// The constructs beyond, or short of, the Starlark specification that a file can use.
public struct Dialect: Sendable {
  /// `f"{name}"` literals.
  public var fStrings = false
  /// `for` and `if` statements outside of functions.
  public var topLevelControlFlow = false
  /// A global can be assigned more than once.
  public var globalReassignment = false
  /// `"a" "b"` is one literal, as in Python.
  public var adjacentStringConcatenation = false
  /// A function can call itself, directly or indirectly; the call depth limit still applies.
  public var recursion = false
  /// The built-in `set` and the set operators.
  public var sets = true
  /// Python features that Starlark leaves out and whose meaning is clear: `is` and `is not` (as `==` and `!=`), type
  /// annotations (ignored), set literals, and generator expressions as arguments (evaluated at once, as a list).
  public var pythonSyntax = false
  /// `load` statements.
  public var load = true
  /// `class NAME(BASE):` and `import`, which the host carries out: `class` calls its `__class__(name, base, attributes)`
  /// and binds the result, `import` calls its `__import__(module, name)` for each name.
  public var classesAndImports = false
  /// An unbound name is looked up when it is evaluated (see `StarlarkThread.undefinedName` and `StarlarkModule.define`)
  /// instead of being an error when the file is read.
  public var lateNames = false

  /// The language of the specification.
  public static let standard = Dialect()

  /// The features of BUILD files that were written for Python-based tools.
  public static let buildFile = Dialect(
    fStrings: true, topLevelControlFlow: true, globalReassignment: true, adjacentStringConcatenation: true,
    pythonSyntax: true)

  /// Everything, with late names: configuration templates that were Python programs.
  public static let template = Dialect(
    fStrings: true, topLevelControlFlow: true, globalReassignment: true, adjacentStringConcatenation: true,
    pythonSyntax: true, classesAndImports: true, lateNames: true)

  /// A dialect by its switches.
  public init(
    fStrings: Bool = false, topLevelControlFlow: Bool = false, globalReassignment: Bool = false,
    adjacentStringConcatenation: Bool = false, recursion: Bool = false, sets: Bool = true,
    pythonSyntax: Bool = false, load: Bool = true, classesAndImports: Bool = false,
    lateNames: Bool = false
  ) {
    self.fStrings = fStrings
    self.topLevelControlFlow = topLevelControlFlow
    self.globalReassignment = globalReassignment
    self.adjacentStringConcatenation = adjacentStringConcatenation
    self.recursion = recursion
    self.sets = sets
    self.pythonSyntax = pythonSyntax
    self.load = load
    self.classesAndImports = classesAndImports
    self.lateNames = lateNames
  }
}

/// The resources that one evaluation can use before it is stopped with an error.
public struct Limits: Sendable {
  /// Instructions and elements visited by built-in functions.
  public var steps: Int
  /// Bytes allocated over the whole evaluation, estimated; garbage counts too, so that the result does not depend on
  /// when memory is given back.
  public var allocatedBytes: Int
  /// The maximum number of active calls.
  public var callDepth: Int

  /// Limits for files from a trusted workspace: generous, and still an end to every loop.
  public static let standard = Limits(steps: 100_000_000, allocatedBytes: 1 << 30, callDepth: 200)

  /// Limits by their numbers.
  public init(steps: Int = 100_000_000, allocatedBytes: Int = 1 << 30, callDepth: Int = 200) {
    self.steps = steps
    self.allocatedBytes = allocatedBytes
    self.callDepth = callDepth
  }
}
