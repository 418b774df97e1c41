internal import Pipelines
internal import SchedulerCore

/// The page with the form for changes of a run. It does not refresh: that would empty the form.
enum PipelineChangePages {
  static func form(_ record: PipelineRecord, cluster: String, problem: String? = nil) -> HTML {
    let run = record.run
    let address = PipelinePages.address(run)
    let message: HTML = problem.map { "<p><b>\($0)</b></p>" } ?? ""
    let choice: HTML =
      run.status.isTerminal
      ? "<label><input type=\"radio\" name=\"action\" value=\"retry\" checked> retry what did not succeed</label>"
      : "<label><input type=\"radio\" name=\"action\" value=\"cancel\" checked> cancel</label>"
    return Layout.page(
      title: "Change \(run.id)", path: [(cluster, "/"), ("pipelines", "/pipelines"), (run.id, address)],
      """
      <h1>Change \(run.id)</h1>\(message)<form method="post" action="\(address)/change"><p>\(choice)</p>
      <p><label>Code <input name="code" autocomplete="off" required></label> <button>Change</button></p></form>
      <p class="soft">On the scheduler's machine, <code>kilt scheduler code</code> prints a code. It works once.</p>
      """)
  }
}
