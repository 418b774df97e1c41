import JobModel

// The requests of Aurora's objects that one machine cannot meet. docs/jobs.md has the same table for people.
extension SafetyCheck {
  /// Everything that no sandbox of this machine can honor.
  func machineProblems(_ job: JobConfiguration) -> [ConfigurationProblem] {
    var problems: [ConfigurationProblem] = []
    func refuse(_ isAskedFor: Bool, _ summary: String, _ remedy: String) {
      if isAskedFor { problems.append(ConfigurationProblem(summary, code: .unsupported, remedy: remedy)) }
    }
    if let image = job.container?.imageDescription {
      refuse(
        true, "its container needs the image \"\(image)\", and tasks of this scheduler run without images",
        "remove \"container\" from the job, and name what it needs as artifacts")
    }
    refuse(
      job.task.resources.gpu != 0, "it asks for \(job.task.resources.gpu) GPUs, and this scheduler allots none",
      "remove \"gpu\" from its resources")
    if let executor = job.executor, executor.name != ExecutorReference.defaultName {
      refuse(
        true, "it asks for the executor \"\(executor.name)\", and this scheduler has only its own",
        "remove \"executor_config\" from the job")
    }
    if case .coordinator = job.slaPolicy {
      refuse(
        true, "its SLA policy asks a coordinator, and this scheduler counts instances itself",
        "use CountSlaPolicy or PercentageSlaPolicy in the job")
    }
    for name in job.task.environment.keys.sorted() where !TaskConfiguration.isFreeVariable(name) {
      problems.append(
        ConfigurationProblem(
          "it sets the variable \"\(name)\", which the executor sets itself or shells do not accept", code: .badNames,
          remedy: "choose another name in \"env\" of the job file"))
    }
    for volume in job.task.volumes where !volume.hasFreePlace {
      problems.append(
        ConfigurationProblem(
          "its volume is at \"\(volume.containerPath)\", which the sandbox already uses", code: .badNames,
          remedy: "choose another place, such as /data"))
    }
    for secret in job.task.secrets where !JobKey.isIdentifier(secret.name) || !Secret.isReference(secret.reference) {
      problems.append(
        ConfigurationProblem(
          "its secret \"\(secret.name)\" is not a name and a path such as team/name", code: .badNames,
          remedy: "write secrets: {db: team/db}"))
    }
    return problems
  }
}
