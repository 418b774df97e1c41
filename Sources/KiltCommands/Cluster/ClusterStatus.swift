internal import ArgumentParser
internal import Diagnostics
internal import JSON
internal import SchedulerClient
internal import SystemSupport

/// `kilt cluster status`.
struct ClusterStatus: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status", abstract: "Show the nodes of a scheduler's swarm.",
    discussion: """
      A node gets tasks when it is ready: Swarm hears from it, nobody drains it, and it has the image of tasks.

      EXAMPLES
        kilt cluster status
        kilt cluster status --format json

      EXIT CODES
        0  all nodes are ready
        1  a node is not ready, or the swarm cannot be seen
      """)

  @OptionGroup var global: GlobalOptions
  @OptionGroup var options: SchedulerOptions
  @OptionGroup var output: FormatOption

  func run() throws {
    let answer = try options.client(global).nodes()
    switch output.format {
    case .json: writeText(answer.text(.pretty) + "\n", to: 1)
    case .text: for line in Self.lines(answer) { Terminal.standardOutput.print(PlainText.line(line)) }
    }
    let nodes = answer["nodes"]?.array ?? []
    if answer["engine"]?.string == "swarm",
      answer["problem"]?.string != nil || nodes.contains(where: { $0["state"]?.string != "ready" })
    {
      throw ExitCode(1)
    }
  }

  static func lines(_ answer: JSONValue) -> [String] {
    guard answer["engine"]?.string == "swarm" else {
      return ["the scheduler runs tasks on its own machine; see `kilt scheduler drain --status`"]
    }
    var lines = ["image \(answer["image"]?.string ?? "") on \(answer["docker"]?.string ?? "")"]
    if let problem = answer["problem"]?.string { lines.append("the swarm cannot be seen now: \(problem)") }
    for node in answer["nodes"]?.array ?? [] {
      let (used, all) = (node["cpu_used"]?.double ?? 0, node["cpu"]?.double ?? 0)
      let (ram, total) = ((node["ram_used"]?.int ?? 0) >> 20, (node["ram"]?.int ?? 0) >> 20)
      lines.append(
        "  \(node["hostname"]?.string ?? "")  \(node["state"]?.string ?? "")  \(node["address"]?.string ?? "")  "
          + "\(node["tasks"]?.int ?? 0) tasks, \(used) of \(all) CPU, \(ram) of \(total) MiB")
    }
    return lines
  }
}
