internal import JobModel

/// The frame that all pages share.
enum Layout {
  /// A whole page. `path` is the way to it: pairs of label and address, from the cluster down.
  static func page(title: String, path: [(label: String, href: String)], refreshSeconds: Int? = nil, _ body: HTML)
    -> HTML
  {
    let refresh: HTML = refreshSeconds.map { "<meta http-equiv=\"refresh\" content=\"\($0)\">" } ?? ""
    let crumbs = HTML(path.map { "<a href=\"\($0.href)\">\($0.label)</a>" as HTML }.interspersed(with: " <i>/</i> "))
    return """
      <!doctype html>
      <html lang="en"><head><meta charset="utf-8"><title>\(title) · Kilt</title>
      <meta name="viewport" content="width=device-width, initial-scale=1">\(refresh)<style>\(css)</style></head>
      <body><header><b><a href="/">Kilt</a></b><nav>\(crumbs)</nav></header><main>\(body)</main></body></html>
      """
  }

  /// A state as a coloured label.
  static func badge(_ status: TaskStatus) -> HTML {
    let kind: HTML
    switch status {
    case .running, .finished: kind = "good"
    case .failed, .lost: kind = "bad"
    case .killed: kind = "gone"
    default: kind = "busy"
    }
    return "<span class=\"badge \(kind)\">\(status.rawValue)</span>"
  }

  static func address(of key: JobKey) -> String { "/jobs/\(key)" }

  private static let css: HTML = """
    :root{color-scheme:light dark;--line:#8884;--soft:#8882;--accent:#2466c9}
    body{margin:0;font:15px/1.45 system-ui,sans-serif}header{display:flex;gap:1.2em;padding:.7em 1.4em;border-bottom:1px solid var(--line)}
    header a{color:inherit;text-decoration:none}nav i{opacity:.5}main{padding:.4em 1.4em 3em;max-width:72em}
    a{color:var(--accent)}h1{font-size:1.35em;margin:.8em 0 .4em}h2{font-size:1.05em;margin:1.6em 0 .4em}
    table{border-collapse:collapse;width:100%}th{text-align:left;font-weight:600;opacity:.7;font-size:.85em}
    td,th{padding:.35em 1.4em .35em 0;border-bottom:1px solid var(--line);vertical-align:top;white-space:nowrap}
    td:last-child,th:last-child{width:99%;white-space:normal;padding-right:0}td.n{font-variant-numeric:tabular-nums}
    .badge{border-radius:.5em;padding:.05em .55em;font-size:.85em;background:var(--soft)}.good{background:#2a93431f;color:#238636}
    .bad{background:#d1242f22;color:#d1242f}.busy{background:#bf870022;color:#a57100}.gone{opacity:.7}
    pre{background:var(--soft);padding:.9em;border-radius:.5em;overflow:auto;white-space:pre-wrap;overflow-wrap:anywhere}
    .soft{opacity:.7}code{font-size:.93em}
    """
}

extension Array where Element == HTML {
  /// The elements with a separator between them.
  func interspersed(with separator: HTML) -> [HTML] {
    enumerated().flatMap { $0.offset == 0 ? [$0.element] : [separator, $0.element] }
  }
}
