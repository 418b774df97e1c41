internal import ArgumentParser

/// The help of options that several commands have: the same option has the same text everywhere.
extension ArgumentHelp {
  static var artifact: Self {
    Self("Artifact with a commit (at least 7 digits) or a branch.", valueName: "name@commit")
  }
  static var bind: Self {
    Self("Value for a variable that an Aurora file leaves open. Repeatable.", valueName: "name=value")
  }
  static var changedSince: Self {
    Self("Select by changes since this git revision, including uncommitted changes.", valueName: "rev")
  }
  static var check: Self { "Write nothing. Exit code 1 if a file needs changes." }
  static var closed: Self { "List the selected targets too." }
  static var cluster: Self { Self("Cluster. Default: the first cluster of kilt.toml.", valueName: "name") }
  static var commit: Self { Self("Commit to use instead of the commit in the job file.", valueName: "commit") }
  static var dryRun: Self { "Show the plan, and change nothing." }
  static var format: Self { "Output format." }
  static var instances: Self {
    Self("Instances, such as 0-2,5. Repeatable. Default: all.", valueName: "numbers")
  }
  /// The cluster of a command that reads job files.
  static var jobCluster: Self {
    Self("Cluster. Default: the cluster of the job file, or the first one in kilt.toml.", valueName: "name")
  }
  static var strict: Self { "Fail if a selected target is left out because Kilt does not support its type." }
  static var jobs: Self {
    Self("Number of build steps or test files to run in parallel. Default: number of processors.", valueName: "n")
  }
  static var keepSandboxes: Self {
    Self("When to keep sandboxes for inspection, with a script that reruns each build step.", valueName: "when")
  }
  static var reason: Self { Self("Reason, for the history and the audit trail.", valueName: "text") }
  static var repository: Self {
    Self(
      "Artifact repository: a directory, s3://BUCKET/PREFIX, or (to read) http(s)://HOST/PATH. "
        + "Default: KILT_REPOSITORY, or the one in kilt.toml.", valueName: "url")
  }
  static var resolve: Self { Self("Name of the resolve. Default: all resolves.", valueName: "name") }
  static var signingKey: Self {
    Self("Private key that signs manifests. Default: KILT_SIGNING_KEY.", valueName: "file")
  }
  static var stage: Self { "Stage of the job file. Required." }
  static var stateDirectory: Self {
    Self("State directory of the scheduler on this machine.", valueName: "path")
  }
  static var timeout: Self {
    Self("Maximum time to wait, in seconds. The change continues afterwards.", valueName: "seconds")
  }
  static var wait: Self { "Wait for the end of the change, and show its progress." }
}
