internal import JSON
internal import JobModel

/// The releases of a job, each with its difference to the one before.
enum ReleasePages {
  static func releases(
    of key: JobKey, _ releases: [Release], configuration: (Int) -> JobConfiguration?, now: Timestamp
  ) -> HTML {
    let cards = zip(releases, releases.dropFirst().map(Optional.some) + [nil]).map { release, former -> HTML in
      let badge: HTML = release.isCurrent ? " \(Layout.badge("current", .good))" : ""
      let reason: HTML = HTML(
        [release.cause, release.result.map { $0.rawValue.replacing("_", with: " ").lowercased() }, release.reason]
          .compactMap(\.self).map { " · \($0)" as HTML })
      let source: HTML =
        release.source.map { source in
          let template: HTML = source.template.map { " with <code>\($0)</code>" } ?? ""
          return "<br>from <code>\(source.path)</code>\(template)"
        } ?? ""
      let back: HTML =
        release.isCurrent
        ? "" : "<p class=\"soft\">Return to it: <code>kilt job rollback \(key) \(release.number)</code></p>"
      return """
        <div class="card"><h2>Release \(release.number)\(badge)</h2><p class="soft">\(Parts.moment(release.submittedAt, now: now)) \
        by \(release.user ?? "unknown")\(reason) · \(release.running) of \(release.instances) instances run it\(source)</p>\
        \(JobPages.artifacts(release.artifacts))\(difference(release, former, configuration))\(back)</div>
        """
    }
    let path = Layout.path(to: key) + [("releases", Layout.address(of: key) + "/releases")]
    return Layout.page(
      title: "Releases of \(key.name)", path: path, "<h1>Releases of \(key)</h1>\(HTML(cards))")
  }

  private static func difference(_ release: Release, _ former: Release?, _ configuration: (Int) -> JobConfiguration?)
    -> HTML
  {
    guard let former, let new = configuration(release.number), let old = configuration(former.number) else { return "" }
    var lines: [String] = []
    for artifact in new.task.artifacts {
      let before = old.task.artifacts.first { $0.name == artifact.name }
      guard before?.version != artifact.version || before?.digest != artifact.digest else { continue }
      if let before { lines.append("- \(before.name)@\(before.version.prefix(12))") }
      lines.append("+ \(artifact.name)@\(artifact.version.prefix(12))")
    }
    for artifact in old.task.artifacts where !new.task.artifacts.contains(where: { $0.name == artifact.name }) {
      lines.append("- \(artifact.name)@\(artifact.version.prefix(12))")
    }
    lines += ConfigurationDifference(from: old, to: new).lines
    if lines.isEmpty { return "<p class=\"soft\">the same as release \(former.number)</p>" }
    return "<p class=\"soft\">compared with release \(former.number):</p>\(Parts.difference(lines))"
  }
}
