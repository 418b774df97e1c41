// libFuzzer's target for job files (scripts/fuzz job): YAML, the schema of job files, templates, the checks of the job.

import CFuzzDriver
import Diagnostics
import Glibc
import JSON
import JobFiles
import JobModel
import SystemSupport

private let template = """
  run = Process(
      name = "run",
      cmdline = "./{{build.file}} --port={{thermos.ports[http]}} --threads=%s" % args.get("threads", 1),
  )
  jobs = [Service(task = Task(processes = [run]))]
  """

/// Reads one text as a job file, and loads its stages. What is refused is refused with a reason of ours; a job that is
/// read comes back from its JSON.
private func testOneInput(_ data: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
  let bytes = Array(UnsafeBufferPointer(start: data, count: size))
  let loader = JobLoader(cluster: "devcluster") { path in
    switch path {
    case "jobs/a.yaml": return bytes
    case "jobs/a.aurora": return Array(template.utf8)
    default: throw SystemCallError("openat", FilePath(path), .noSuchFileOrDirectory)
    }
  }
  for stage in stages(loader) + [nil, "absent"] {
    do {
      let job = try loader.load("jobs/a.yaml", stage: stage, artifacts: nil)
      guard let again = try? JobConfiguration(json: JSONValue(parsing: job.json.bytes(.compact))) else {
        fatalError("the job's JSON is refused")
      }
      precondition(again == job)
    } catch {
      check(error)
    }
  }
  return 0
}

private func stages(_ loader: JobLoader) -> [String?] {
  do { return try loader.stages(of: "jobs/a.yaml").prefix(4).map { $0 } } catch {
    check(error)
    return []
  }
}

private func check(_ error: any Error) {
  switch error {
  case let list as DiagnosticList:
    precondition(!list.diagnostics.isEmpty && list.diagnostics.allSatisfy { !$0.summary.isEmpty })
  case let error as any DiagnosableError: precondition(!error.diagnostic.summary.isEmpty)
  default: fatalError("an error without a diagnostic: \(error)")
  }
}

var argumentCount = CommandLine.argc
var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = CommandLine.unsafeArgv
exit(LLVMFuzzerRunDriver(&argumentCount, &arguments) { testOneInput($0, $1) })
