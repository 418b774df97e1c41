import JSON
import JobModel
import Pipelines
import SchedulerCore
import SchedulerStore
import Testing

@Suite struct PipelineTests {
  @Test("A run of a pipeline is read back as it was, in every state of its partitions") func readBack() throws {
    try withDirectory { path in
      let store = try SchedulerStore(path: path)
      try store.apply(.hostOffer(offer), at: start)
      let steps = [
        PipelineStep(
          name: "a", command: "a", resources: Resources(cpu: 0.1, ram: 1 << 20, disk: 1 << 20), partitions: .count(3),
          retries: 1, retryDelay: .seconds(30), onFailure: .continue),
        PipelineStep(name: "b", after: ["a"], command: "b"),
      ]
      let run = PipelineRun(
        id: "demo-1", definition: PipelineDefinition(name: "demo", role: "cbe", steps: steps), stage: "devel",
        parameters: JSONObject([("n", .int(1))]), user: "ann", createdAt: start, queues: true)
      let artifact = TaskArtifact(name: "w", hashType: .static, version: "1", digest: String(repeating: "a", count: 64))
      try store.apply(
        .startPipeline(PipelineRecord(run: run, cluster: "aa", stage: "devel", artifact: artifact)), at: start)
      let tasks = store.state.activeTasks.map(\.id)
      try #require(tasks.count == 3)
      for id in tasks { try store.apply(.taskStatus(id, .running), at: start + .seconds(1)) }
      var scheduled = run.definition
      scheduled.schedule = CronConfiguration(schedule: "@daily", timeZone: "+02:00", collisionPolicy: .cancelNew)
      try store.apply(
        .schedulePipeline(
          ScheduledPipeline(
            definition: scheduled, cluster: "aa", stage: "devel", parameters: run.parameters, artifact: artifact,
            number: .max), user: "ann"), at: start)
      try store.apply(.stepEnded(tasks[0], .succeeded(JSONObject([("n", .int(7))]))), at: start + .seconds(2))
      try store.apply(.taskStatus(tasks[0], .finished), at: start + .seconds(2))
      try store.apply(.taskStatus(tasks[1], .failed, message: "exit code 1"), at: start + .seconds(3))
      var state = store.state
      #expect(
        state.pipelines["demo-1"]?.run.steps[0].partitions?.map(\.status) == [.succeeded, .retrying, .running])
      try store.close()
      let again = try SchedulerStore(path: path)
      state.prunedAt = again.state.prunedAt
      #expect(again.state == state)
      #expect(again.state.stepJobs == state.stepJobs)
    }
  }
}
