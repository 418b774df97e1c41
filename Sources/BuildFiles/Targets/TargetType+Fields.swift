extension TargetType {
  /// The fields of the type besides `name`, in the order of listings.
  public var fields: [FieldDefinition] { Self.fieldsByType[self] ?? Self.common }

  /// The field of this name.
  public func field(named name: String) -> FieldDefinition? {
    if let field = Self.indexByType[self]?[name] { return field }
    if Self.backendFields.contains(name) { return FieldDefinition(name, .any) }
    return Self.linterFields.contains(name) ? FieldDefinition(name, .bool, default: .bool(false)) : nil
  }

  private static let fieldsByType: [TargetType: [FieldDefinition]] = Dictionary(
    uniqueKeysWithValues: allCases.map { ($0, $0.definitions) })
  private static let indexByType: [TargetType: [String: FieldDefinition]] = fieldsByType.mapValues { fields in
    Dictionary(fields.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
  }

  private typealias Field = FieldDefinition
  private static let common = [Field("tags", .strings), Field("description", .string)]
  private static let dependencies = Field("dependencies", .dependencies)
  private static let overrides = Field("overrides", .overrides)
  private static let environment = Field("environment", .string, default: .string("__local__"))
  private static let outputPath = Field("output_path", .string)
  private static let python = [
    Field("interpreter_constraints", .interpreterConstraints), Field("resolve", .string),
    Field("run_goal_use_sandbox", .bool),
  ]
  private static let testing = [
    Field("timeout", .positive), Field("extra_env_vars", .strings), Field("runtime_package_dependencies", .strings),
    Field("skip_tests", .bool, default: .bool(false)),
  ]
  private static let pythonTesting =
    testing + [
      Field("xdist_concurrency", .int), Field("batch_compatibility_tag", .string), environment,
    ]
  private static let requirements = [
    Field("module_mapping", .stringListMap, default: .map([])),
    Field("type_stubs_module_mapping", .stringListMap, default: .map([])), overrides, Field("resolve", .string),
  ]
  private static let bundle: [FieldDefinition] =
    [
      environment, Field("interpreter_constraints", .interpreterConstraints), Field("resolve", .string), dependencies,
      Field("platforms", .strings), Field("complete_platforms", .strings), Field("resolve_local_platforms", .bool),
      Field("inherit_path", .choice(["false", "fallback", "prefer"])),
      Field("strip_pex_env", .bool, default: .bool(true)), Field("ignore_errors", .bool, default: .bool(false)),
      Field("shebang", .string), Field("emit_warnings", .bool), Field("check", .choice(["none", "warn", "error"])),
      Field("layout", .choice(["zipapp", "packed", "loose"]), default: .string("zipapp")),
      Field("execution_mode", .choice(["zipapp", "venv"]), default: .string("zipapp")),
      Field("include_requirements", .bool, default: .bool(true)),
      Field("include_sources", .bool, default: .bool(true)), Field("include_tools", .bool, default: .bool(false)),
      Field("venv_site_packages_copies", .bool, default: .bool(false)),
      Field("venv_hermetic_scripts", .bool, default: .bool(true)), Field("sh_boot", .bool, default: .bool(false)),
      Field("compress", .bool), Field("extra_build_args", .strings, default: .list([])),
      Field("validate_entry_point", .bool), Field("restartable", .bool, default: .bool(false)),
    ] + scie
  private static let scie: [FieldDefinition] = [
    Field("scie", .choice(["lazy", "eager"])), Field("scie_load_dotenv", .bool),
    Field("scie_name_style", .choice(["dynamic", "platform-parent-dir", "platform-file-suffix"])),
    Field("scie_busybox", .any), Field("scie_busybox_pex_entrypoint_env_passthrough", .bool),
    Field("scie_pex_entrypoint_env_passthrough", .bool),
    Field("scie_bind_resource_path", .strings), Field("scie_platform", .choices(sciePlatforms)),
    Field("scie_pbs_release", .string),
    Field("scie_python_version", .string),
    Field("scie_pbs_free_threaded", .bool), Field("scie_pbs_debug", .bool), Field("scie_pbs_stripped", .bool),
    Field("scie_hash_alg", .string), Field("scie_args", .strings), Field("scie_env", .any), Field("scie_exe", .string),
  ]

  private static let sciePlatforms = [
    "current", "linux-aarch64", "linux-armv7l", "linux-powerpc64", "linux-riscv64", "linux-s390x", "linux-x86_64",
    "macos-aarch64", "macos-x86_64",
  ]

  private func sources(_ defaults: [String]) -> FieldDefinition {
    Field("sources", .sources, default: .strings(defaults))
  }

  private static let testFiles = ["test_*.py", "*_test.py", "tests.py"]
  private static let testUtilityFiles = ["conftest.py", "test_*.pyi", "*_test.pyi", "tests.pyi"]

  private var definitions: [FieldDefinition] {
    let common = Self.common
    let dependencies = Self.dependencies
    let single = Field("source", .source, isRequired: true)
    let restartable = Field("restartable", .bool, default: .bool(false))
    switch self {
    case .pythonSource: return common + Self.python + [dependencies, single, restartable]
    case .pythonSources:
      let globs = ["*.py", "*.pyi"] + (Self.testFiles + Self.testUtilityFiles).map { "!" + $0 }
      return common + Self.python + [sources(globs), Self.overrides, dependencies, restartable]
    case .pythonTest: return common + Self.python + Self.pythonTesting + [dependencies, single]
    case .pythonTests:
      return common + Self.python + Self.pythonTesting + [sources(Self.testFiles), Self.overrides, dependencies]
    case .pythonTestUtils:
      return common + Self.python + [sources(Self.testUtilityFiles), Self.overrides, dependencies]
    case .pythonRequirement:
      return common + [
        Field("requirements", .requirements, isRequired: true), dependencies, Field("modules", .strings),
        Field("type_stub_modules", .strings), Field("resolve", .string), Field("entry_point", .string),
      ]
    case .pythonRequirements:
      return common + [Field("source", .string, default: .string("requirements.txt"))] + Self.requirements
    case .pipenvRequirements:
      return common + [Field("source", .string, default: .string("Pipfile.lock"))] + Self.requirements
    case .poetryRequirements, .uvRequirements:
      return common + [Field("source", .string, default: .string("pyproject.toml"))] + Self.requirements
    case .pexBinary:
      return common + [
        Field("entry_point", .string), Field("script", .string), Field("executable", .string),
        Field("args", .strings), Field("env", .stringMap), Self.outputPath, Field("artifact", .string),
      ] + Self.bundle
    case .pexBinaries: return common + [Field("entry_points", .strings), Self.overrides] + Self.bundle
    case .pythonDistribution: return common + Self.distribution
    case .resource, .file: return common + [dependencies, single]
    case .resources, .files:
      return common + [Field("sources", .sources, isRequired: true), Self.overrides, dependencies]
    case .relocatedFiles:
      return common + [
        Field("files_targets", .strings, isRequired: true), Field("src", .string, isRequired: true),
        Field("dest", .string, isRequired: true),
      ]
    case .archive:
      return common + [
        Field("packages", .strings), Field("files", .strings), Self.outputPath,
        Field("format", .choice(["zip", "tar", "tar.gz", "tar.xz", "tar.bz2"]), isRequired: true),
      ]
    case .shellSource: return common + [dependencies, single]
    case .shellSources:
      return common + [sources(["*.sh", "!*_test.sh", "!test_*.sh", "!tests.sh"]), Self.overrides, dependencies]
    case .shunit2Test: return common + Self.testing + [dependencies, single, Self.shell]
    case .shunit2Tests:
      let globs = ["*_test.sh", "test_*.sh", "tests.sh"]
      return common + Self.testing + [sources(globs), Self.overrides, dependencies, Self.shell]
    case .shellCommand: return common + [Field("command", .string, isRequired: true)] + Self.process
    case .runShellCommand:
      return common + [
        Field("command", .string, isRequired: true), Field("execution_dependencies", .strings),
        Field("runnable_dependencies", .strings), Field("workdir", .string, default: .string(".")),
      ]
    case .adhocTool:
      return common + [
        Field("runnable", .string, isRequired: true), Field("args", .strings, default: .list([])),
        Field("stdout", .string), Field("stderr", .string),
      ] + Self.process
    case .systemBinary:
      return common + [
        Field("binary_name", .string, isRequired: true), Field("extra_search_paths", .strings, default: .list([])),
        Field("fingerprint", .string), Field("fingerprint_args", .strings, default: .list([])),
        Field("fingerprint_dependencies", .strings),
      ]
    case .wrapAsFiles, .wrapAsPythonSources, .wrapAsResources:
      return common + [Field("inputs", .strings, isRequired: true)]
    case .dockerImage: return common + [dependencies] + Self.image
    case .target: return common + [dependencies]
    case .lockfile, .generatorSources: return common + [single, dependencies]
    case .lockfiles: return common + [Field("sources", .sources, isRequired: true), dependencies]
    case .foreign: return common + [dependencies]
    }
  }

  private static let shell = Field("shell", .choice(["sh", "bash", "dash", "ksh", "pdksh", "zsh"]))
  private static let process: [FieldDefinition] = [
    Field("execution_dependencies", .strings), Field("output_dependencies", .strings),
    Field("runnable_dependencies", .strings), Field("tools", .strings, default: .list([])),
    Field("log_output", .bool, default: .bool(false)), Field("output_files", .strings, default: .list([])),
    Field("output_directories", .strings, default: .list([])), Field("timeout", .positive, default: .int(30)),
    Field("extra_env_vars", .strings), Field("workdir", .string, default: .string(".")),
    Field("root_output_directory", .string, default: .string("/")), environment,
    Field(
      "outputs_match_mode", .choice(["all_warn", "all", "at_least_one_warn", "at_least_one", "allow_empty"]),
      default: .string("all_warn")),
    Field(
      "cache_scope", .choice(["from_environment", "success", "success_per_pantsd_restart", "session"]),
      default: .string("from_environment")),
    Field("path_env_modify", .choice(["prepend", "append", "off"]), default: .string("prepend")),
    Field("workspace_invalidation_sources", .strings),
  ]
  private static let distribution: [FieldDefinition] = [
    Field("interpreter_constraints", .interpreterConstraints), dependencies, Field("entry_points", .stringMapMap),
    Field("provides", .object(["python_artifact", "setup_py"]), isRequired: true), Field("generate_setup", .bool),
    Field("wheel", .bool, default: .bool(true)), Field("sdist", .bool, default: .bool(true)),
    Field("wheel_config_settings", .stringListMap), Field("sdist_config_settings", .stringListMap),
    Field("env_vars", .strings), Field("long_description_path", .string),
    Field("output_path", .string, default: .string("")), Field("repositories", .strings),
  ]
  private static let image: [FieldDefinition] = [
    Field("source", .string, default: .string("Dockerfile")), Field("instructions", .strings),
    Field("context_root", .string), Field("image_tags", .strings, default: .strings(["latest"])),
    Field("registries", .strings), Field("repository", .string), Field("image_labels", .stringMap),
    Field("secrets", .stringMap), Field("ssh", .strings, default: .list([])),
    Field("skip_push", .bool, default: .bool(false)),
    Field("target_stage", .string), Field("pull", .bool, default: .bool(false)),
    Field("squash", .bool, default: .bool(false)), Field("cache_from", .any),
    Field("cache_to", .any), Field("output", .any), Field("build_network", .string), Field("build_platform", .strings),
    Field("extra_build_args", .any, default: .list([])), outputPath,
    Field("restartable", .bool, default: .bool(false)),
    Field("publish_image_tags", .strings),
  ]
}
