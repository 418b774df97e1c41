// PythonImports: the imports of a Python file, from its bytes. Starts no Python and builds no syntax tree: one pass
// that knows strings, comments, brackets and line continuations finds the statements that can import.

/// One imported name of a Python file.
public struct PythonImport: Hashable, Sendable {
  /// The form of the import.
  public enum Form: UInt8, Hashable, Sendable {
    /// `import a.b`.
    case statement
    /// `from a.b import c`.
    case from
    /// `__import__("a.b")`.
    case builtinCall
    /// `importlib.import_module("a.b")`.
    case importModuleCall
    /// A string literal that looks like a dotted name, where ``ImportOptions/stringImportMinimumDots`` asks for them.
    case string
    /// A module that `pytest_plugins = ["a.b"]` names.
    case pytestPlugin
  }

  /// The dotted module named by the statement, without the leading dots: `a.b`; empty for `from . import c`.
  public var module: String
  /// The name after `import` in a `from` statement; `*` for all names; nil for other forms.
  public var name: String?
  /// The number of leading dots: 0 for an absolute import.
  public var level: Int
  /// The line of the imported name, from 1.
  public var line: Int
  /// The form of the import.
  public var form: Form
  /// Whether the file works without it: inside a `try` whose `except` names `ImportError`, or `with suppress(ImportError)`.
  public var isWeak = false
  /// Whether it is inside `if TYPE_CHECKING:`.
  public var isTypeCheckingOnly = false

  /// An import of `module` (and `name` from it) found on `line`.
  public init(module: String, name: String? = nil, level: Int = 0, line: Int, form: Form) {
    self.module = module
    self.name = name
    self.level = level
    self.line = line
    self.form = form
  }

  /// The dotted name that the import could mean, were the name a module: `a.b.c` for `from a.b import c`, `a.b` for `*`.
  public var dottedName: String {
    guard let name, name != "*" else { return module }
    return module.isEmpty ? name : module + "." + name
  }
}

/// A text with its line.
public struct LineText: Hashable, Sendable {
  /// The text.
  public var text: String
  /// The line, from 1.
  public var line: Int

  /// A text on a line.
  public init(text: String, line: Int) {
    self.text = text
    self.line = line
  }
}

/// The kinds of findings of ``PythonFileImports/init(parsing:options:)`` besides imports.
public struct ImportOptions: Hashable, Sendable {
  /// With a value, string literals with at least that many dots that look like modules count as imports.
  public var stringImportMinimumDots: Int?
  /// With a value, string literals with at least that many slashes that look like paths are listed as assets.
  public var assetMinimumSlashes: Int?

  /// Whether string literals are scanned.
  var notesStrings: Bool { stringImportMinimumDots != nil || assetMinimumSlashes != nil }

  /// Options that find only imports, unless set otherwise.
  public init(stringImportMinimumDots: Int? = nil, assetMinimumSlashes: Int? = nil) {
    self.stringImportMinimumDots = stringImportMinimumDots
    self.assetMinimumSlashes = assetMinimumSlashes
  }
}

/// All imports of one Python file.
public struct PythonFileImports: Hashable, Sendable {
  /// Imports in the order of the file, each as often as it occurs, without those marked `# kilt: no-infer-dep`.
  public var imports: [PythonImport] = []
  /// String literals that look like paths, where the options ask for them.
  public var assets: [LineText] = []
  /// Addresses in `# kilt: infer-dep(ADDRESS)` comments. Pants reads its own `# pants: infer-dep(…)`, in which its git
  /// repository writes globs, and ignores it.
  public var explicitDependencies: [LineText] = []
  /// Whether the file contains only white space.
  public var isBlank = true

  /// A file that imports nothing.
  public init() {}

  /// The imports of a file with these bytes.
  ///
  /// For text that is not Python, contains the recognizable imports; nothing is an error. Names are kept as written
  /// (Python itself would normalize identifiers to NFKC).
  public init(parsing bytes: borrowing Span<UInt8>, options: ImportOptions = ImportOptions()) {
    self = bytes.withUnsafeBufferPointer { buffer in
      var scanner = ImportScanner(bytes: buffer, options: options)
      scanner.run()
      return scanner.found
    }
  }

  /// The imports of a file with these bytes.
  public init(parsing bytes: [UInt8], options: ImportOptions = ImportOptions()) {
    self.init(parsing: bytes.span, options: options)
  }
}
