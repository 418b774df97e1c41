internal import ArgumentParser

/// `kilt cluster`: the machines of a scheduler that runs tasks in a Docker Swarm.
struct ClusterCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cluster", abstract: "Show and empty the nodes of a Docker Swarm; make their image.",
    discussion: """
      A scheduler started with `--engine swarm` decides about jobs, and Docker Swarm runs their tasks on its nodes. \
      docs/clusters.md describes the setup and what each failure leads to.

      EXAMPLES
        kilt cluster image --output kilt.tar    make the image of tasks
        kilt cluster status                     nodes, and what runs on them
        kilt cluster drain node2 --wait         move the tasks of a node elsewhere
      """,
    subcommands: [ClusterImageCommand.self, ClusterStatus.self, ClusterDrain.self])
}
