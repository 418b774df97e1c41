internal import BuildFiles
internal import Diagnostics
internal import TargetGraph

/// Selected targets that a verb of Pants would build or test, and that Kilt does not.
struct PassedOver {
  private let counts: [(type: String, count: Int)]
  private let verb: Verb

  enum Verb: String {
    case package, test

    /// The types of Pants' backends that its goal works on.
    var types: Set<String> {
      switch self {
      case .package:
        [
          "docker_image", "python_aws_lambda_function", "python_aws_lambda_layer", "python_awslambda",
          "python_google_cloud_function", "go_binary", "deploy_jar", "jvm_war", "helm_chart", "helm_deployment",
          "nfpm_apk_package", "nfpm_archlinux_package", "nfpm_deb_package", "nfpm_rpm_package", "pyoxidizer_binary",
          "makeself_archive", "node_build_script", "node_package", "node_run_script", "pyodide_binary",
        ]
      case .test:
        [
          "shunit2_test", "test_shell_command", "experimental_test_shell_command", "go_package", "junit_test",
          "scala_junit_test", "scalatest_test", "kotlin_junit_test", "helm_unittest_test", "node_test_script",
          "javascript_test", "typescript_test", "cue_package",
        ]
      }
    }
  }

  init(_ verb: Verb, among selected: [TargetID], of graph: TargetGraph) {
    self.verb = verb
    var counts: [String: Int] = [:]
    var seen: Set<TargetID> = []
    func count(_ id: TargetID) {
      guard seen.insert(id).inserted else { return }
      let target = graph[id]
      // Generators of other backends are not expanded: one of them counts for all that it would generate.
      let name = target.typeName
      if target.type == .shunit2Tests {
        graph.generated(by: id).forEach(count)
      } else if verb.types.contains(name) || name.hasSuffix("s") && verb.types.contains(String(name.dropLast())) {
        counts[name, default: 0] += 1
      }
    }
    selected.forEach(count)
    self.counts = counts.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
  }

  var isEmpty: Bool { counts.isEmpty }

  /// One line: how many targets of which types.
  var text: String {
    let list = counts.map { "\($0.count) \($0.type)" }.joined(separator: ", ")
    let total = counts.reduce(0) { $0 + $1.count }
    return
      "passed over \(counted(total, "target")) (\(list)): kilt \(verb.rawValue) does not support "
      + (counts.count == 1 ? "this type" : "these types")
  }

  /// The failure with `--strict`.
  var failure: Diagnostic {
    Diagnostic(
      .work, text,
      remedies: [
        "exclude the types: `--filter-target-type=" + counts.map { "-" + $0.type }.joined(separator: ",") + "`",
        "leave out `--strict`",
      ])
  }
}
