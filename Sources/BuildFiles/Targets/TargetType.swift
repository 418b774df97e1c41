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
  case dockerImage = "docker_image"
  case target
  /// The lockfile of a resolve, which the graph adds by itself.
  case lockfile = "_lockfile"
  /// What generates that.
  case lockfiles = "_lockfiles"
  /// The file of a requirements generator, which the graph adds by itself.
  case generatorSources = "_generator_sources_helper"
  /// A type of Pants, or of a repository's own plugin, that Kilt reads and does not build.
  case foreign = "_foreign"

  /// The type of the targets that one of this type generates; nil when it generates none.
  public var generated: TargetType? {
    switch self {
    case .pythonSources, .pythonTestUtils: .pythonSource
    case .pythonTests: .pythonTest
    case .pythonRequirements, .poetryRequirements: .pythonRequirement
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

  /// Whether BUILD files can write it.
  public var isPublic: Bool { !rawValue.hasPrefix("_") }

  /// The names of 2017 (Pants 1) for types of today.
  public static let legacyNames: [String: TargetType] = [
    "python_library": .pythonSources, "python_binary": .pexBinary, "python_requirement_library": .pythonRequirement,
  ]

  /// Types of Pants that Kilt reads as holders of dependencies, whatever fields they have, and does not build.
  public static let foreignNames: Set<String> = [
    "code_quality_tool", "docker_environment", "experimental_test_shell_command",
    "experimental_wrap_as_python_sources", "experimental_wrap_as_resources", "local_environment", "makeself_archive",
    "nfpm_apk_package", "nfpm_archlinux_package", "nfpm_content_dir", "nfpm_content_dirs", "nfpm_content_file",
    "nfpm_content_files", "nfpm_content_symlink", "nfpm_content_symlinks", "nfpm_deb_package", "nfpm_rpm_package",
    "package_shell_command", "pipenv_requirements", "python_aws_lambda_function", "python_aws_lambda_layer",
    "python_awslambda", "python_google_cloud_function", "remote_environment", "test_shell_command", "uv_requirements",
    "vcs_version", "protobuf_source", "protobuf_sources", "thrift_source", "thrift_sources", "helm_chart",
    "helm_deployment", "helm_artifact", "helm_unittest_test", "helm_unittest_tests", "go_mod", "go_package",
    "go_binary", "go_third_party_package", "yaml_source", "yaml_sources", "openapi_document", "openapi_documents",
    "openapi_source", "openapi_sources", "terraform_module", "terraform_deployment", "preamble",
  ]
}
