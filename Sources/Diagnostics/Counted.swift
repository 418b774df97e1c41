/// Returns a number with its noun, for people: "0 files", "1 file", "2 files".
///
/// - Parameters:
///   - noun: in the singular.
///   - plural: for a noun whose plural is not formed by adding "s".
public func counted(_ number: Int, _ noun: String, plural: String? = nil) -> String {
  "\(number) \(number == 1 ? noun : plural ?? noun + "s")"
}
