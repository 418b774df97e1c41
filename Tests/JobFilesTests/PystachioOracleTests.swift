import Diagnostics
import JSON
import JobModel
import SystemSupport
import Testing

@testable import JobFiles

/// Generated configurations, evaluated by Kilt and by pystachio itself: the texts must be equal.
@Suite struct PystachioOracleTests {
  /// What both sides say of a job.
  private struct Outcome: Hashable {
    var name: String
    var contact: String
    var instances: String
    var processes: [[String]]
    var metadata: [String]
    var unbound: [String]
  }

  @Test("Generated configurations have pystachio's values", .enabled(if: Oracle.isAvailable))
  func generated() throws {
    var generator = ConfigurationGenerator(seed: 20_240_229)
    let texts = (0..<400).map { _ in generator.configuration() }
    let expected = try Oracle.evaluate(texts)
    try #require(expected.count == texts.count)
    var compared = 0
    for (text, answer) in zip(texts, expected) {
      guard let jobs = answer.array else {
        Issue.record("pystachio refuses: \(answer.text())\n\(text)")
        continue
      }
      let theirs = jobs.map(Self.outcome)
      let ours = try outcomes(text)
      #expect(ours == theirs, "\(text)")
      compared += theirs.count
    }
    print("pystachio: \(texts.count) files, \(compared) jobs, all equal or told above")
    #expect(compared >= 400)
  }

  private func outcomes(_ text: String) throws -> [Outcome] {
    let loader = JobLoader { _ in Array(text.utf8) }
    let loaded = try loader.evaluate("x.aurora", [])
    return try loaded.jobs.map { job in
      let problems = Problems(loaded.context, loaded.problems)
      let made = try JobBuilder.attempt(job, problems)
      #expect(problems.others.isEmpty, "\(problems.others.map(\.summary))\n\(text)")
      func plain(_ text: String) -> String { MustacheText(text).withoutEscapes }
      return Outcome(
        name: plain(made.key.name), contact: plain(made.contact ?? ""), instances: "\(made.instances)",
        processes: made.task.processes.map { [$0.name, plain($0.cmdline), "\($0.maxFailures)", "\($0.daemon)"] },
        metadata: made.metadata.sorted { $0.key < $1.key }.map { plain($0.value) }, unbound: problems.unbound.sorted())
    }
  }

  private static func outcome(_ json: JSONValue) -> Outcome {
    Outcome(
      name: json["name"]?.string ?? "", contact: json["contact"]?.string ?? "",
      instances: json["instances"]?.string ?? "",
      processes: (json["processes"]?.array ?? []).map { $0.strings ?? [] }, metadata: json["metadata"]?.strings ?? [],
      unbound: (json["unbound"]?.strings ?? []).filter { LateBinding.Variable($0) == nil }.sorted())
  }
}

/// pystachio in a Python of its own.
private enum Oracle {
  static let python: String? = {
    let root = FilePath(#filePath).removingLastComponent().removingLastComponent().removingLastComponent()
    let command = Subprocess(root.appending("scripts/lib/pystachio").string, [])
    guard let outcome = try? command.run(), outcome.termination.isSuccess else { return nil }
    return outcome.text.split(separator: "\n").first.map(String.init)
  }()

  /// On the machines of CI it must be there.
  static var isAvailable: Bool { python != nil || environmentVariable("CI") != nil }

  static func evaluate(_ texts: [String]) throws -> [JSONValue] {
    let python = try #require(python, "pystachio is not installed: scripts/lib/pystachio")
    let directory = try FileSystem.makeTemporaryDirectory(prefix: "kilt-oracle")
    defer { try? FileSystem.removeTree(directory) }
    try FileSystem.write(text: JSONValue.strings(texts).text(), to: directory.appending("in.json"))
    try FileSystem.write(text: program, to: directory.appending("oracle.py"))
    var command = Subprocess(python, ["oracle.py"])
    command.workingDirectory = directory
    let outcome = try command.run()
    #expect(outcome.termination.isSuccess, "\(outcome.errorText)")
    return try JSONValue(parsing: FileSystem.readText(directory.appending("out.json"))).array ?? []
  }

  /// The parts of Aurora's schema that the configurations use.
  private static let program = """
    import json
    from pystachio import *

    class Process(Struct):
      cmdline = Required(String)
      name = Required(String)
      max_failures = Default(Integer, 1)
      daemon = Default(Boolean, False)
      ephemeral = Default(Boolean, False)
      min_duration = Default(Integer, 5)
      final = Default(Boolean, False)
    class Resources(Struct):
      cpu = Required(Float)
      ram = Required(Integer)
      disk = Required(Integer)
      gpu = Default(Integer, 0)
    class Task(Struct):
      name = Default(String, '{{processes[0].name}}')
      processes = List(Process)
      resources = Resources
      max_failures = Default(Integer, 1)
      max_concurrency = Default(Integer, 0)
      finalization_wait = Default(Integer, 30)
      user = String
    class Metadata(Struct):
      key = Required(String)
      value = Required(String)
    class Job(Struct):
      name = Default(String, '{{task.name}}')
      role = Required(String)
      contact = String
      cluster = Required(String)
      environment = Required(String)
      instances = Default(Integer, 1)
      task = Required(Task)
      metadata = Default(List(Metadata), [])
      service = Default(Boolean, False)
      priority = Default(Integer, 0)
    Service = Job(service = True)

    def outcome(job):
      done, refs = job.interpolate()
      return {
        'name': str(done.name()),
        'contact': '' if done.contact() is Empty else str(done.contact()),
        'instances': str(done.instances()),
        'processes': [[str(p.name()), str(p.cmdline()), str(p.max_failures()), str(p.daemon()).lower()]
                      for p in done.task().processes()],
        'metadata': [str(m.value()) for m in sorted(done.metadata(), key=lambda m: str(m.key()))],
        'unbound': sorted(set(r.address() for r in refs)),
      }

    answers = []
    for text in json.load(open('in.json')):
      names = dict(globals())
      try:
        exec(text, names)
        answers.append([outcome(job) for job in names['jobs']])
      except Exception as e:
        answers.append({'error': repr(e)})
    json.dump(answers, open('out.json', 'w'))
    """
}

/// Random files in the part of the language that both sides have.
private struct ConfigurationGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  private mutating func number(_ bound: Int) -> Int {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return Int((state >> 33) % UInt64(bound))
  }

  private mutating func pick<Element>(_ elements: [Element]) -> Element { elements[number(elements.count)] }

  private mutating func chance(_ percent: Int) -> Bool { number(100) < percent }

  /// A text with variables, as a literal of both languages. `depth` keeps values from standing for themselves.
  private mutating func text(_ names: [String]) -> String {
    var text = ""
    for _ in 0..<(1 + number(4)) {
      text += pick([
        "a", " b ", "-", "{", "}", "$x", "{{&kept}}", "{{mesos.instance}}", "{{thermos.ports[http]}}", "{{nope}}",
      ])
      for _ in 0..<number(3) { text += "{{\(pick(names))}}" }
    }
    return "'\(text)'"
  }

  mutating func configuration() -> String {
    let leaves = ["x", "y", "role", "profile.a", "profile.n", "profile.f", "profile.b", "absent", "environment"]
    let inner =
      leaves + ["profile.s", "z", "name", "max_failures", "min_duration", "daemon", "self.name", "super.name"]
    var lines = [
      "class Profile2(Struct):",
      "  a = Default(String, \(pick(["'text'", "'{{x}}'", "7", "2.0", "True", "'{{&q}}'"])))",
      "  n = Default(Integer, \(pick(["3", "'5'", "'{{four}}'"])))",
      "  f = Default(Float, \(pick(["2", "0.25", "'1.50'", "1e20"])))",
      "  b = Default(Boolean, \(pick(["True", "'false'", "0"])))",
      "  s = Default(String, \(text(["x", "a", "n", "absent"])))",
      "  which = Default(String, \(pick(["'a'", "'s'"])))", "  l = List(String)", "",
      "base = Profile2(\(pick(["", "a='over'", "n=9, l=['p', '{{x}}']", "f='3'"])))",
    ]
    let processes = 1 + number(3)
    for index in 0..<processes {
      var fields = "name='p\(index)', cmdline=\(text(inner + ["profile.{{profile.which}}", "profile.l[0]"]))"
      if chance(30) { fields += ", max_failures=\(pick(["2", "'4'", "'{{profile.n}}'"]))" }
      if chance(20) { fields += ", daemon=\(pick(["True", "'true'", "'{{profile.b}}'"]))" }
      lines.append("p\(index) = Process(\(fields))" + (chance(30) ? ".bind(z='near', x='{{role}}')" : ""))
    }
    lines.append(
      "t = Task(\(chance(50) ? "name='t', " : "")processes=[\((0..<processes).map { "p\($0)" }.joined(separator: ", "))], "
        + "resources=Resources(cpu=1, ram=1048576, disk=1048576))" + (chance(20) ? ".bind(y=4)" : ""))
    lines.append(
      "j = \(pick(["Job", "Service"]))(role='www', cluster='c', environment='test', task=t, contact=\(text(leaves)))")
    lines.append("jobs = []")
    for index in 0..<(1 + number(2)) {
      var bound = "j"
      if chance(60) { bound += "(name='j\(index)', instances=\(pick(["2", "'3'", "4.0"])))" }
      if chance(30) { bound += "(metadata=[Metadata(key='k', value=\(text(leaves + ["name", "task.name"])))])" }
      bound +=
        ".bind(profile=base\(pick(["", "(a='again')", "(s='{{role}}')", "(n='8')"])), x=\(pick(["1", "True", "2.5", "'{{y}}'", "'v'"])))"
      bound += ".bind({'four': 4, 'y': \(pick(["'why'", "10"]))\(chance(30) ? ", 'z': 'far'" : "")})"
      lines.append("jobs.append(\(bound))")
    }
    return lines.joined(separator: "\n") + "\n"
  }
}
