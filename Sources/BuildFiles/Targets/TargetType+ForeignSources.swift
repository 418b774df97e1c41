extension TargetType {
  /// The files that targets of types that Kilt does not build have where their BUILD file names none, by the name of the type:
  /// the defaults of `source`, `sources` and `chart` in Pants 2.34.
  public static let foreignSources: [String: [String]] = [
    "avro_sources": ["*.avsc", "*.avpr", "*.avdl"],
    "cc_sources": ["*.h", "*.c", "*.hh", "*.hpp", "*.cc", "*.cpp", "*.cxx"],
    "cue_package": ["*.cue"], "docker_image": ["Dockerfile"], "go_mod": ["go.mod", "go.sum"], "go_package": ["*.go"],
    "helm_chart": [
      "Chart.yaml", ".helmignore", "README.md", "LICENSE", "values.yaml", "values.yml", "values.schema.json",
      "templates/**/*.yaml", "templates/**/*.yml", "templates/**/*.tpl", "templates/NOTES.txt", "crds/*.yaml",
      "crds/*.yml",
    ],
    "helm_deployment": ["*.yaml", "*.yml"], "helm_unittest_tests": ["*_test.yaml", "*_test.yml"],
    "java_sources": ["*.java", "!*Test.java"], "junit_tests": ["*Test.java"],
    "javascript_sources": ["*.js", "*.cjs", "*.mjs", "!*.test.js", "!*.test.cjs", "!*.test.mjs"],
    "javascript_tests": ["*.test.js", "*.test.cjs", "*.test.mjs"], "jsx_sources": ["*.jsx", "!*.test.jsx"],
    "jsx_tests": ["*.test.jsx"], "k8s_sources": ["*.yaml", "*.yml"], "kotlin_junit_tests": ["*Test.kt"],
    "kotlin_sources": ["*.kt", "!*Test.kt"], "openapi_sources": ["*.json", "*.yaml", "*.yml"],
    "package_json": ["package.json"], "protobuf_sources": ["*.proto"],
    "rust_package": ["Cargo.toml", "src/**/*.rs", "tests/**/*.rs"], "scala_junit_tests": ["*Test.scala"],
    "scala_sources": ["*.scala", "!*Test.scala", "!*Spec.scala", "!*Suite.scala"],
    "scalatest_tests": ["*Spec.scala", "*Suite.scala"], "sql_sources": ["*.sql"], "swift_sources": ["*.swift"],
    "terraform_module": ["*.tf"], "terraform_var_files": ["*.tfvars"], "thrift_sources": ["*.thrift"],
    "tsx_sources": ["*.tsx", "!*.test.tsx"], "tsx_tests": ["*.test.tsx"],
    "typescript_sources": ["*.ts", "*.mts", "*.cts", "!*.test.ts", "!*.test.mts", "!*.test.cts"],
    "typescript_tests": ["*.test.ts", "*.test.mts", "*.test.cts"], "yaml_sources": ["*.yaml", "*.yml"],
  ]
}
