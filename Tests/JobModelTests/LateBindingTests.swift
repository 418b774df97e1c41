import JobModel
import Testing

@Suite struct LateBindingTests {
  private func bind(_ text: String) throws -> String {
    try LateBinding.bind(text, instance: 3, hostname: "h1", ports: ["http": 31000], taskID: "t-1", user: "cbe")
  }

  @Test(arguments: [
    ("plain", "plain"), ("", ""), ("{", "{"), ("{{", "{{"), ("{{}}", "{{}}"), ("a {b} c", "a {b} c"),
    ("--id={{mesos.instance}}", "--id=3"), ("{{ mesos.hostname }}:{{thermos.ports[http]}}", "h1:31000"),
    ("{{thermos.task_id}}{{thermos.user}}", "t-1cbe"), ("{{{mesos.instance}}}", "{3}"),
    ("{{&mesos.instance}}", "{{mesos.instance}}"), ("${x:-{{mesos.instance}}}", "${x:-3}"),
  ])
  func replacesWhatIsKnownOnTheHost(_ text: String, _ expected: String) throws {
    #expect(try bind(text) == expected)
  }

  @Test(arguments: ["thermos.ports[admin]", "mesos.role", "profile.x", "thermos.ports[]", "thermos.ports[a[b]]"])
  func anUnboundNameIsAnError(_ name: String) {
    let error = #expect(throws: LateBinding.UnboundVariable.self) { try bind("x {{\(name)}}") }
    #expect(error?.name == name)
  }

  @Test func aJobNeedsThePortsItsStringsName() {
    let job = JobConfiguration.sample
    #expect(job.requiredPorts == ["health", "http"])
    #expect(job.unboundVariables.isEmpty)
    var other = job
    other.task.processes[0].cmdline += " {{profile.x}} {{&literal}}"
    #expect(other.unboundVariables == ["profile.x"])
  }
}
