/// The pages for a browser that is not let in.
enum LoginPages {
  static func needed() -> HTML {
    Layout.page(
      title: "Login", path: [],
      """
      <h1>Login needed</h1><p>On the scheduler's machine, run <code>kilt scheduler open</code> and open the link that it \
      prints. The link works once.</p>
      """)
  }

  static func badLink() -> HTML {
    Layout.page(
      title: "Login", path: [],
      """
      <h1>This link does not work</h1><p>It was used before, or it is older than five minutes. Run \
      <code>kilt scheduler open</code> for another.</p>
      """)
  }
}
