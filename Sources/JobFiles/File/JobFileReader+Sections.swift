import Diagnostics
import JobModel
import YAML

// The parts of a job file that are fields of Aurora's objects, from update to container; and the maps constraints and
// metadata.
extension JobFileReader {
  mutating func readSections(_ entries: Entries, into level: inout JobFile.Level) {
    for section in JobSection.allCases {
      guard let node = entries[section.rawValue]?.value else { continue }
      level.sections[section] = values(of: section, node)
    }
    if let node = entries["constraints"]?.value { readConstraints(node, into: &level) }
    if let node = entries["metadata"]?.value {
      for entry in anyEntries(node, "\"metadata\"") {
        guard let scalar = entry.value.scalar, !entry.value.isNull else {
          problem("the metadata \"\(entry.key.scalar?.text ?? "")\" is a text, not \(entry.value.kind)", entry.value)
          continue
        }
        level.metadata.append(
          JobFile.Field(value: (entry.key.scalar?.text ?? "", scalar.text), node: entry.value))
      }
    }
  }

  private mutating func values(of section: JobSection, _ node: YAMLNode) -> SectionValues {
    var values = SectionValues()
    let name = section.rawValue
    for (key, entry) in entries(node, "\"\(name)\"", keys: section.fields.map(\.name)).sorted(by: { $0.key < $1.key }) {
      guard let field = section[key] else { continue }
      guard let value = JobSection.value(of: entry.value, as: field.kind) else {
        let text = entry.value.scalar.map { "\"\($0.text)\"" } ?? entry.value.kind
        var remedies: [String] = []
        if case .choice(let known) = field.kind {
          remedies = Suggestions.remedy(for: entry.value.scalar?.text ?? "", among: known).map { [$0] } ?? []
        }
        problem("\"\(key)\" of \"\(name)\" is \(field.kind.expectation), not \(text)", entry.value, remedies: remedies)
        continue
      }
      values.set(key, value, entry.value)
    }
    for (one, other) in [("count", "percentage"), ("batch_size", "batch_sizes")] {
      guard values.node(one) != nil, let node = values.node(other) else { continue }
      problem("\"\(one)\" and \"\(other)\" of \"\(name)\" cannot be combined", node, remedies: ["remove one of them"])
    }
    return values
  }

  private mutating func readConstraints(_ node: YAMLNode, into level: inout JobFile.Level) {
    for entry in anyEntries(node, "\"constraints\"") {
      let attribute = entry.key.scalar?.text ?? ""
      let text = entry.value.scalar?.text ?? ""
      guard let constraint = PlacementConstraint(attribute: attribute, parsing: text) else {
        problem(
          "the constraint \"\(attribute)\" is \"limit:2\", \"a,b\" or \"!a,b\", not "
            + (text.isEmpty ? entry.value.kind : "\"\(text)\""), entry.value)
        continue
      }
      level.constraints.append(JobFile.Field(value: constraint, node: entry.value))
    }
  }
}
