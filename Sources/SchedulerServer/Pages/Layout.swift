internal import JobModel

/// The frame that all pages share.
enum Layout {
  /// A whole page. `path` is the way to it: pairs of label and address, from the cluster down.
  static func page(title: String, path: [(label: String, href: String)], refreshSeconds: Int? = nil, _ body: HTML)
    -> HTML
  {
    let refresh: HTML = refreshSeconds.map { "<meta http-equiv=\"refresh\" content=\"\($0)\">" } ?? ""
    let crumbs = HTML(path.map { "<a href=\"\($0.href)\">\($0.label)</a>" as HTML }.interspersed(with: "<i>/</i>"))
    let menu = HTML(
      [
        ("Jobs", "/"), ("Updates", "/updates"), ("Cron", "/cron"), ("Pipelines", "/pipelines"), ("Quotas", "/quotas"),
        ("Events", "/events"),
        ("Audit", "/audit"),
      ].map {
        label, href in "<a href=\"\(href)\">\(label)</a>"
      })
    let live: HTML = refreshSeconds.map { "<span class=\"soft\">refreshed every \($0) s</span>" } ?? ""
    return """
      <!doctype html>
      <html lang="en"><head><meta charset="utf-8"><title>\(title) · Kilt</title>
      <meta name="viewport" content="width=device-width, initial-scale=1">\(refresh)<style>\(Style.sheet)</style></head>
      <body><header><a class="logo" href="/">Kilt</a><nav class="menu">\(menu)</nav></header>
      <nav class="path">\(crumbs)\(live)</nav><main>\(body)</main></body></html>
      """
  }

  /// A state as a coloured label.
  static func badge(_ status: TaskStatus) -> HTML {
    let kind: Tone =
      switch status {
      case .running, .finished: .good
      case .failed, .lost: .bad
      case .killed: .gone
      default: .busy
      }
    return badge(status.rawValue, kind)
  }

  static func badge(_ status: UpdateStatus) -> HTML {
    let kind: Tone =
      switch status {
      case .rolledForward: .good
      case .failed, .error, .rolledBack: .bad
      case .aborted: .gone
      default: .busy
      }
    return badge(status.rawValue.replacing("_", with: " "), kind)
  }

  /// The meaning of a label.
  enum Tone: String { case good, bad, busy, gone }

  static func badge(_ text: String, _ tone: Tone) -> HTML { "<span class=\"badge \(tone.rawValue)\">\(text)</span>" }

  static func address(of key: JobKey) -> String { "/jobs/\(key)" }

  /// The way to a job's page.
  static func path(to key: JobKey) -> [(label: String, href: String)] {
    [(key.cluster, "/"), (key.role, "/roles/\(key.role)"), ("\(key.stage)/\(key.name)", address(of: key))]
  }
}

extension Array where Element == HTML {
  /// The elements with a separator between them.
  func interspersed(with separator: HTML) -> [HTML] {
    enumerated().flatMap { $0.offset == 0 ? [$0.element] : [separator, $0.element] }
  }
}
