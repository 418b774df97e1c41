/// The target types of BUILD files, with Pants' names.
public enum TargetType: String, Hashable, Sendable, CaseIterable {
  case pythonSource = "python_source"
  case pythonSources = "python_sources"
  case pythonTest = "python_test"
  case pythonTests = "python_tests"
  case pythonTestUtils = "python_test_utils"
  case pythonRequirement = "python_requirement"
  case pythonRequirements = "python_requirements"
  case poetryRequirements = "poetry_requirements"
  case uvRequirements = "uv_requirements"
  case pipenvRequirements = "pipenv_requirements"
  case pexBinary = "pex_binary"
  case pexBinaries = "pex_binaries"
  case pythonDistribution = "python_distribution"
  case resource
  case resources
  case file
  case files
  case relocatedFiles = "relocated_files"
  case archive
  case shellSource = "shell_source"
  case shellSources = "shell_sources"
  case shunit2Test = "shunit2_test"
  case shunit2Tests = "shunit2_tests"
  case shellCommand = "shell_command"
  case runShellCommand = "run_shell_command"
  case adhocTool = "adhoc_tool"
  case systemBinary = "system_binary"
  case wrapAsFiles = "experimental_wrap_as_files"
  case wrapAsPythonSources = "experimental_wrap_as_python_sources"
  case wrapAsResources = "experimental_wrap_as_resources"
  case dockerImage = "docker_image"
  case target
  /// The lockfile of a resolve, which the graph adds automatically.
  case lockfile = "_lockfile"
  /// The generator of that target.
  case lockfiles = "_lockfiles"
  /// The file of a requirements generator, which the graph adds automatically.
  case generatorSources = "_generator_sources_helper"
  /// A type of Pants, or of a repository's own plugin, that Kilt reads and does not build.
  case foreign = "_foreign"

  /// The type of the targets that one of this type generates; nil when it generates none.
  public var generated: TargetType? {
    switch self {
    case .pythonSources, .pythonTestUtils: .pythonSource
    case .pythonTests: .pythonTest
    case .pythonRequirements, .poetryRequirements, .uvRequirements, .pipenvRequirements: .pythonRequirement
    case .pexBinaries: .pexBinary
    case .resources: .resource
    case .files: .file
    case .shellSources: .shellSource
    case .shunit2Tests: .shunit2Test
    case .lockfiles: .lockfile
    default: nil
    }
  }

  /// Whether a target of this type is one Python file, or generates such targets.
  public var isPythonSource: Bool {
    switch self {
    case .pythonSource, .pythonTest, .pythonSources, .pythonTests, .pythonTestUtils: true
    default: false
    }
  }

  /// The type name of the requirements that follow from a `pyproject.toml`: they are `python_requirement` targets that
  /// provide no modules, since the project declares its packages and no import is needed to find them.
  public static let projectDependencies = "project_dependencies"

  /// Whether BUILD files can declare it.
  public var isPublic: Bool { !rawValue.hasPrefix("_") }

  /// The names of 2017 (Pants 1) for types of today.
  public static let legacyNames: [String: TargetType] = [
    "python_library": .pythonSources, "python_binary": .pexBinary, "python_requirement_library": .pythonRequirement,
  ]
}
