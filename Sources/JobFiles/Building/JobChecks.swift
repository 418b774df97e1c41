import Diagnostics
import JobModel

/// The rules for a finished configuration, apart from single fields.
struct JobChecks {
  let builder: JobBuilder
  let configuration: JobConfiguration

  private var task: BoundObject { builder.job.child("task") ?? builder.job }

  func run() {
    names()
    order()
    logSilence()
    ports()
    unbound()
  }

  private func names() {
    var seen = Set<String>()
    for process in configuration.task.processes where !process.name.isEmpty {
      if !seen.insert(process.name).inserted { task.problem("two processes are named \"\(process.name)\"") }
      // Late variables are allowed in a name; the rest must be a file name.
      let fixed = process.name.filter { $0 != "{" && $0 != "}" && $0 != "[" && $0 != "]" }
      if !JobKey.isIdentifier(fixed) {
        task.problem(
          "\"\(process.name)\" is not a process name: letters, digits, \"_\", \".\" and \"-\"",
          notes: ["logs are kept in files of that name"])
      }
    }
  }

  private func order() {
    let names = Set(configuration.task.processes.map(\.name))
    let final = Set(configuration.task.processes.filter(\.final).map(\.name))
    var after: [String: Set<String>] = [:]
    for constraint in configuration.task.constraints {
      for name in constraint.order where !names.contains(name) {
        task.problem(
          "the order names the process \"\(name)\", which the task does not have",
          notes: ["it has \(configuration.task.processes.map(\.name).joined(separator: ", "))"])
      }
      for (first, second) in zip(constraint.order, constraint.order.dropFirst()) {
        after[first, default: []].insert(second)
        if final.contains(first) != final.contains(second) {
          task.problem(
            "\"\(first)\" and \"\(second)\" cannot be ordered: one is final and the other is not",
            notes: ["final processes run after all others have ended"])
        }
      }
    }
    if let cycle = cycle(in: after) {
      task.problem("the order of the processes is a cycle: \(cycle.joined(separator: " -> "))")
    }
  }

  private func cycle(in after: [String: Set<String>]) -> [String]? {
    var done = Set<String>()
    func visit(_ name: String, _ path: [String]) -> [String]? {
      if let start = path.firstIndex(of: name) { return Array(path[start...]) + [name] }
      if done.contains(name) { return nil }
      for next in (after[name] ?? []).sorted() {
        if let found = visit(next, path + [name]) { return found }
      }
      done.insert(name)
      return nil
    }
    for name in after.keys.sorted() {
      if let found = visit(name, []) { return found }
    }
    return nil
  }

  /// A silent log must be one that is written at all.
  private func logSilence() {
    guard case .logSilence(let check)? = configuration.healthCheck?.checker, let name = check.process else { return }
    guard let process = configuration.task.processes.first(where: { $0.name == name }) else {
      builder.job.problem(
        "the health check watches the log of \"\(name)\", which is not a process of the task",
        notes: ["the processes are \(configuration.task.processes.map(\.name).joined(separator: ", "))"])
      return
    }
    if process.logger?.destination == LoggerConfiguration.Destination.none || process.logger?.destination == .console {
      builder.job.problem("the health check watches the log of \"\(name)\", which is not written to a file")
    }
  }

  private func ports() {
    let ports = configuration.requiredPorts
    let known = ports.isEmpty ? "no process uses a port" : "ports in use are \(ports.joined(separator: ", "))"
    func check(_ port: String, _ what: String) {
      guard !ports.contains(port) else { return }
      builder.job.problem(
        "\(what) names the port \"\(port)\", which no process uses", notes: [known],
        remedies: ["a process uses a port by {{thermos.ports[\(port)]}} in its cmdline"])
    }
    switch configuration.healthCheck?.checker {
    case .http(let http) where http.base == nil: check(http.port, "the health check")
    case .tcp(let port): check(port, "the health check")
    case .http, .shell, .logSilence, nil: break
    }
    if let announce = configuration.announce {
      check(announce.primaryPort, "the announcer")
      for (name, target) in announce.portmap.sorted(by: { $0.key < $1.key }) {
        if case .alias(let port) = target, port != announce.primaryPort { check(port, "the alias \"\(name)\"") }
      }
    }
    if let lifecycle = configuration.lifecycle { check(lifecycle.port, "the lifecycle") }
  }

  /// The final check of variables, in every part of the job.
  private func unbound() {
    guard builder.problems.diagnostics.isEmpty else { return }
    for name in configuration.unboundVariables {
      builder.problems.add(
        Diagnostic(
          .input, "unbound variable {{\(name)}}", at: builder.job.object.location.map(TemplateDiagnostic.location)),
        unbound: name)
    }
  }
}
