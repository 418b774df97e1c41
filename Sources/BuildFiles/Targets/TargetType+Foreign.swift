extension TargetType {
  /// Types of Pants (2.17 to 2.34, all backends) that Kilt reads as holders of dependencies, with any fields, and does
  /// not build.
  public static let foreignNames: Set<String> = [
    "avro_source", "avro_sources", "cc_source", "cc_sources", "code_quality_tool", "cue_package", "debian_package",
    "deploy_jar", "docker_environment", "experimental_test_shell_command", "experimental_workspace_environment",
    "go_binary", "go_mod", "go_package",
    "go_third_party_module", "go_third_party_package", "helm_artifact", "helm_chart", "helm_deployment",
    "helm_unittest_test", "helm_unittest_tests", "java_source", "java_sources", "javascript_source",
    "javascript_sources", "javascript_test", "javascript_tests", "jsx_source", "jsx_sources", "jsx_test",
    "jsx_tests", "junit_test", "junit_tests", "jvm_artifact", "jvm_artifacts", "jvm_war", "k8s_bundle",
    "k8s_source", "k8s_sources", "kotlin_junit_test", "kotlin_junit_tests", "kotlin_source", "kotlin_sources",
    "kotlinc_plugin", "local_environment", "makeself_archive", "nfpm_apk_package", "nfpm_archlinux_package",
    "nfpm_content_dir", "nfpm_content_dirs", "nfpm_content_file", "nfpm_content_files", "nfpm_content_symlink",
    "nfpm_content_symlinks", "nfpm_deb_package", "nfpm_rpm_package", "node_package", "node_third_party_package",
    "npm_distribution", "openapi_bundle", "openapi_document", "openapi_documents", "openapi_source",
    "openapi_sources", "package_json", "package_shell_command", "pants_requirements",
    "preamble", "protobuf_source", "protobuf_sources", "pyoxidizer_binary", "python_aws_lambda_function",
    "python_aws_lambda_layer", "python_awslambda", "python_format_string", "python_format_strings",
    "python_google_cloud_function", "remote_environment", "rust_package", "scala_artifact", "scala_junit_test",
    "scala_junit_tests", "scala_source", "scala_sources", "scalac_plugin", "scalatest_test", "scalatest_tests",
    "sql_source", "sql_sources", "swift_source", "swift_sources", "terraform_backend", "terraform_deployment",
    "terraform_module", "terraform_var_files", "test_shell_command", "thrift_source", "thrift_sources",
    "tsx_source", "tsx_sources", "tsx_test", "tsx_tests", "typescript_source", "typescript_sources",
    "typescript_test", "typescript_tests", "vcs_version", "yaml_source", "yaml_sources",
  ]

  /// Fields that other backends of Pants add to targets that Kilt knows.
  static let backendFields: Set<String> = ["entry_point_dependencies", "stevedore_namespaces", "uses_mypyc"]

  /// Fields that linters' and formatters' backends of Pants add to targets; Kilt ignores them.
  static let linterFields: Set<String> = [
    "skip_add_trailing_comma", "skip_autoflake", "skip_bandit", "skip_black", "skip_buf_format", "skip_buf_lint",
    "skip_clang_format", "skip_crds", "skip_docformatter", "skip_flake8", "skip_go_vet", "skip_gofmt",
    "skip_golangci_lint", "skip_google_java_format", "skip_hadolint", "skip_isort", "skip_java", "skip_ktlint",
    "skip_kubeconform", "skip_lint", "skip_mypy", "skip_openapi_format", "skip_package", "skip_prettier",
    "skip_pydocstyle", "skip_pylint", "skip_pyright", "skip_python", "skip_pytype", "skip_pyupgrade", "skip_ruff",
    "skip_ruff_check", "skip_ruff_format", "skip_rustfmt", "skip_scalafix", "skip_scalafmt", "skip_shellcheck",
    "skip_shfmt", "skip_spectral", "skip_sqlfluff", "skip_terraform_validate", "skip_tfsec", "skip_trivy",
    "skip_twine", "skip_yapf",
  ]
}
