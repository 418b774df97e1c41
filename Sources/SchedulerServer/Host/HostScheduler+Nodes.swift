internal import Diagnostics
internal import JSON
internal import JobModel
internal import NIOPosix
internal import SchedulerCore
internal import SchedulerStore
internal import SwarmEngine

// The nodes of a Docker Swarm.
extension HostScheduler {
  /// The engine, the image, and each node with what runs there.
  var clusterStatus: JSONValue {
    guard let swarm else {
      return .members(["engine": "local", "nodes": .array([])])
    }
    let view = swarm.view
    let state = store.state
    let offers = Dictionary(state.hosts.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
    let counts = state.placedTasks.reduce(into: [String: Int]()) { $0[$1.host ?? "", default: 0] += 1 }
    let nodes = (view?.nodes.values.sorted { ($0.hostname, $0.id) < ($1.hostname, $1.id) } ?? []).map { node in
      let used = state.usedResources(of: node.id)
      let hasImage = view?.usable.contains(node.id) == true
      return JSONValue.members([
        "id": .string(node.id), "hostname": .string(node.hostname), "address": .string(node.address),
        "state": .string(Self.text(of: node, hasImage: hasImage)), "has_image": .bool(hasImage),
        "tasks": .int(Int64(counts[node.id] ?? 0)), "cpu": .double(Double(node.nanoCPUs) / 1e9),
        "cpu_used": .double(used.cpu), "ram": .int(Int64(offers[node.id]?.resources.ram ?? node.memory)),
        "ram_used": .int(Int64(used.ram)),
      ])
    }
    return .fields([
      "engine": "swarm", "docker": .string(swarm.settings.docker.text), "image": .string(swarm.settings.image),
      "image_id": view.map { .string($0.image) }, "scheduler_id": .string(swarm.swarm.scheduler),
      "problem": swarm.problem.map { .string($0) }, "nodes": .array(nodes),
    ])
  }

  private static func text(of node: SwarmNode, hasImage: Bool) -> String {
    if !node.isReady { return "down" }
    if node.isDrainedByKilt { return "draining" }
    if node.availability != .active { return node.availability == .pause ? "paused" : "drained by Swarm" }
    return hasImage ? "ready" : "image missing"
  }

  /// Begins or ends the drain of a node, by its hostname or ID.
  nonisolated func setDrained(_ isDrained: Bool, node name: String) async throws {
    guard let swarm else {
      throw Diagnostic(
        .input, "the scheduler runs tasks on its own machine alone",
        remedies: ["run `kilt scheduler drain` to empty that machine"])
    }
    let nodes = swarm.view?.nodes.values.sorted { $0.id < $1.id } ?? []
    let found = nodes.filter { $0.id == name || $0.hostname == name }
    guard found.count == 1, let node = found.first else {
      let list = nodes.map { "\($0.hostname) (\($0.id))" }.joined(separator: ", ")
      throw Diagnostic(
        .input, found.isEmpty ? "unknown node \"\(name)\"" : "several nodes have the name \"\(name)\"",
        notes: ["nodes: \(list)"], remedies: ["name a node by its hostname or ID: `kilt cluster status`"])
    }
    try await NIOThreadPool.singleton.runIfActive {
      try swarm.swarm.setDrained(isDrained, node: node.id)
      try swarm.look()
    }
    await refreshOffer()
  }
}
