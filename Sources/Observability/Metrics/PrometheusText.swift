/// Prometheus' text form of metrics (exposition format 0.0.4).
public enum PrometheusText {
  public static let contentType = "text/plain; version=0.0.4; charset=utf-8"

  /// Renders the families that have samples.
  public static func render(_ families: [MetricFamily]) -> [UInt8] {
    var text = ""
    for family in families where !family.samples.isEmpty {
      text += "# HELP \(family.name) \(family.help)\n# TYPE \(family.name) \(family.kind.rawValue)\n"
      for sample in family.samples {
        text += family.name
        text += sample.suffix
        if !sample.labels.text.isEmpty {
          text += "{"
          text += sample.labels.text
          text += "}"
        }
        text += " "
        text += number(sample.value)
        text += "\n"
      }
    }
    return Array(text.utf8)
  }

  /// A number without a needless fraction.
  static func number(_ value: Double) -> String {
    if value.isNaN { return "NaN" }
    if value.isInfinite { return value > 0 ? "+Inf" : "-Inf" }
    if let whole = Int64(exactly: value), abs(whole) < 1 << 53 { return "\(whole)" }
    return "\(value)"
  }
}
