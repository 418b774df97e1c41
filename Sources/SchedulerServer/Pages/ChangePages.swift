internal import JobModel

/// The page with the form for changes of a job. It does not refresh: that would empty the form.
enum ChangePages {
  static func form(_ key: JobKey, problem: String? = nil) -> HTML {
    let address = Layout.address(of: key)
    let message: HTML = problem.map { "<p><b>\($0)</b></p>" } ?? ""
    return Layout.page(
      title: "Change \(key.name)", path: [(key.cluster, "/"), (key.description, address)],
      """
      <h1>Change \(key)</h1>\(message)<form method="post" action="\(address)/change">
      <p><label><input type="radio" name="action" value="restart" checked> restart</label> \
      <label><input type="radio" name="action" value="kill"> kill</label></p>
      <p><label>Instances <input name="instance" placeholder="all, or 0,2"></label></p>
      <p><label>Code <input name="code" autocomplete="off" required></label> <button>Change</button></p></form>
      <p class="soft">On the scheduler's machine, <code>kilt scheduler code</code> prints a code. It works once.</p>
      """)
  }
}
