internal import Hummingbird
internal import Pipelines
internal import SchedulerCore

extension Routes {
  /// The pages of pipelines: runs as a grid, a run as a graph.
  func addPipelinePages(to router: Router<AccessContext>) {
    router.get("pipelines") { request, _ in
      APIResponse.html(
        PipelinePages.runs(
          await scheduler.pipelineRuns(), cluster: await scheduler.clusterName, page: part(request),
          now: HostScheduler.now()))
    }
    router.get("pipelines/:run") { request, context in
      guard let id = context.parameters.get("run"), let record = await scheduler.pipelineRun(id) else {
        return missing("This pipeline run does not exist, or the scheduler no longer has it.")
      }
      return APIResponse.html(
        PipelinePages.run(
          record, cluster: await scheduler.clusterName, waits: await scheduler.reasonToWait(record),
          page: part(request), now: HostScheduler.now()))
    }
    addPipelineChanges(to: router)
    router.get("pipelines/:run/graph.svg") { _, context in
      guard let id = context.parameters.get("run"), let record = await scheduler.pipelineRun(id) else {
        return APIResponse.notFound
      }
      return APIResponse.text(Array(PipelineDrawing(record.run).svg.utf8), type: "image/svg+xml")
    }
  }
}
