internal import JobModel
internal import SchedulerAccess

/// The only place that defines the right for a request, by its method and path.
///
/// A path that is not named here needs `read` for GET and HEAD, and `admin` for every other method. So a new route is
/// closed until a line here opens it. If a right depends on the body (`POST /api/jobs`), the handler requires it too:
/// ``AccessContext/require(_:)``.
enum RouteAccess {
  static func required(reads: Bool, path: [Substring]) -> RequiredAccess {
    let isAPI = path.first == "api"
    let rest = isAPI ? path.dropFirst() : path[...]
    // /jobs/CLUSTER/ROLE/STAGE/NAME and all below, as a page and in the API.
    if rest.first == "jobs", rest.count >= 5 {
      let parts = Array(rest)
      let role = String(parts[2]), stage = String(parts[3])
      // A form of a page has a one-time code in its body: its handler uses the code, and requires the right to deploy.
      if !isAPI, !reads, parts.count == 7, parts[5] == "update" { return .nothing }
      // The form of a page: the code in it decides, in its handler.
      if !reads, !isAPI, parts.count == 6, parts[5] == "change" { return .nothing }
      // A question for logs, which is too long for a URL.
      if isAPI, parts.count == 6, parts[5] == "logs" { return .readJob(role: role, stage: stage) }
      return reads ? .readJob(role: role, stage: stage) : .deploy(role: role, stage: stage)
    }
    // /services/CLUSTER/ROLE/STAGE/NAME
    if isAPI, reads, rest.first == "services", rest.count == 5 {
      let parts = Array(rest)
      return .readJob(role: String(parts[2]), stage: String(parts[3]))
    }
    // The form of a page of a run: the code in it decides, in its handler.
    if !reads, !isAPI, rest.count == 3, rest.first == "pipelines", rest.last == "change" { return .nothing }
    switch (reads, isAPI, Array(rest)) {
    case (true, false, ["health"]), (true, false, ["login"]), (true, true, ["openapi.json"]): return .nothing
    // The cluster, the list of jobs and who asks: whoever deploys needs them.
    case (true, true, ["cluster"]), (true, true, ["jobs"]), (true, true, ["whoami"]): return .identity
    case (false, true, ["jobs"]), (false, true, ["pipelines"]): return .deploySomewhere
    // The handlers of runs demand the right to the role and the stage of the run.
    case (true, true, let words) where words.first == "pipelines": return .identity
    case (false, true, let words) where words.first == "pipelines": return .deploySomewhere
    // A link gives no more than the rights of whoever makes it.
    case (false, true, ["login"]), (false, true, ["code"]): return .identity
    case (true, true, let words) where words.first == "tokens": return .admin
    default: return reads ? .read : .admin
    }
  }

  /// Whether a path is for executors of tasks on other machines: its handlers demand the token of the task.
  static func isOfExecutors(_ path: [Substring]) -> Bool { path.starts(with: ["api", "executors"]) }

  /// The components of a path; nil when one of a job's is no identifier, so that no encoded form of a name passes here
  /// for another name than in the handler.
  static func components(of path: String) -> [Substring]? {
    let parts = path.split(separator: "/")
    let rest = parts.first == "api" ? parts.dropFirst() : parts[...]
    if rest.first == "jobs" || rest.first == "services",
      !rest.dropFirst().prefix(4).allSatisfy({ JobKey.isIdentifier(String($0)) })
    {
      return nil
    }
    return parts
  }

  /// The job that a path names.
  static func job(of path: [Substring]) -> JobKey? {
    let rest = path.first == "api" ? path.dropFirst() : path[...]
    let parts = rest.map(String.init)
    guard parts.count >= 5, parts[0] == "jobs" else { return nil }
    return JobKey(cluster: parts[1], role: parts[2], stage: parts[3], name: parts[4])
  }

  /// Whether a request changes nothing, or continues a recorded change: plans, and data between a client and a command
  /// in a sandbox.
  static func isRecorded(_ path: [Substring]) -> Bool {
    let rest = path.first == "api" ? path.dropFirst() : path[...]
    guard rest.first == "jobs" else { return true }
    let below = Array(rest.dropFirst(5))
    if below.first == "logs" { return false }
    return below.first != "plan" && !(below.first == "exec" && below.count == 3)
  }

  /// The name of a change in the audit trail: its path without the job, `kill`, or `create` for a new job.
  static func action(of path: [Substring], method: String) -> String {
    let rest = path.first == "api" ? path.dropFirst() : path[...]
    if rest.first == "jobs" {
      let below = rest.dropFirst(5)
      return below.isEmpty ? "create" : below.joined(separator: "/")
    }
    if method == "DELETE" { return "delete " + rest.joined(separator: "/") }
    return rest.joined(separator: "/")
  }
}
