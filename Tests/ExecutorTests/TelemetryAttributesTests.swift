import JobModel
import Testing

@testable import Executor

@Suite struct TelemetryAttributesTests {
  private static let commit = "3f2c9d1e8a7b3f2c9d1e8a7b3f2c9d1e8a7b3f2c"

  private func variables(_ given: [String: String] = [:], artifacts: [TaskArtifact] = []) -> [String: String] {
    let configuration = JobConfiguration(
      key: JobKey(cluster: "c", role: "www-data", stage: "prod", name: "fiddler"),
      task: TaskConfiguration(
        name: "t", processes: [ProcessConfiguration(name: "p", cmdline: "x")],
        resources: Resources(milliCPU: 1, ram: 1, disk: 1), artifacts: artifacts))
    let assignment = TaskAssignment(
      taskID: "t-1", instance: 3, configuration: configuration, ports: [:], hostname: "a host, 1=2", release: 7)
    var variables = given
    TelemetryAttributes(assignment).add(to: &variables)
    return variables
  }

  @Test("A task's telemetry names service, version, instance, stage and commit") func attributes() throws {
    let variables = variables(artifacts: [
      TaskArtifact(name: "fiddler_server", version: Self.commit)
    ])
    #expect(variables["OTEL_SERVICE_NAME"] == "fiddler")
    let pairs = try #require(variables["OTEL_RESOURCE_ATTRIBUTES"]).split(separator: ",").map(String.init)
    #expect(Set(pairs).count == pairs.count)
    for pair in [
      "service.name=fiddler", "service.namespace=www-data", "service.version=\(Self.commit)",
      "service.instance.id=c/www-data/prod/fiddler/3", "deployment.environment.name=prod",
      "vcs.ref.head.revision=\(Self.commit)", "host.name=a%20host%2C%201%3D2", "kilt.release=7", "kilt.task=t-1",
    ] {
      #expect(pairs.contains(pair), "\(pair) of \(pairs)")
    }
  }

  @Test("Names and attributes of the job file take precedence") func given() throws {
    let variables = variables([
      "OTEL_SERVICE_NAME": "mine", "OTEL_RESOURCE_ATTRIBUTES": "team=strings,service.version=x",
    ])
    #expect(variables["OTEL_SERVICE_NAME"] == "mine")
    #expect(variables["OTEL_RESOURCE_ATTRIBUTES"]?.hasSuffix(",team=strings,service.version=x") == true)
    #expect(variables["OTEL_RESOURCE_ATTRIBUTES"]?.hasPrefix("service.name=fiddler,") == true)
  }

  @Test("Without an artifact, the release is the version") func noArtifact() {
    #expect(variables()["OTEL_RESOURCE_ATTRIBUTES"]?.contains("service.version=7,") == true)
    #expect(variables()["OTEL_RESOURCE_ATTRIBUTES"]?.contains("commit") == false)
  }
}
