internal import ArgumentParser
internal import Diagnostics
internal import JobModel
internal import SystemSupport

/// The options by which job commands name a job: a job file and a stage, or a key.
struct JobOptions: ParsableArguments {
  @Argument(
    help: ArgumentHelp(
      "Job file such as jobs/fiddler.yaml, or job key: cluster/role/stage/name.", valueName: "file"))
  var file: String

  @Option(help: .stage)
  var stage: String?

  @Option(help: .jobCluster)
  var cluster: String?

  @OptionGroup var selection: JobSelection

  /// The key that the argument is, with the instances named after it; nil for a job file.
  func reference(in directory: FilePath) -> JobReference? {
    guard stage == nil, !FileSystem.exists(directory.pushing(FilePath(file))) else { return nil }
    return JobReference(file)
  }
}

/// A job key on the command line, and the instances of it: `cluster/role/stage/name` or `cluster/role/stage/name/0-2,5`.
struct JobReference {
  var key: JobKey
  /// Empty for all.
  var instances: [Int] = []

  init(_ key: JobKey) { self.key = key }

  init?(_ text: String) {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 4 || parts.count == 5 else { return nil }
    do {
      key = try JobKey(parsing: parts.prefix(4).joined(separator: "/"))
    } catch {
      return nil
    }
    if parts.count == 5 {
      guard let numbers = Self.instances(parts[4]) else { return nil }
      instances = numbers
    }
  }

  /// The numbers of `0-2,5`; nil for another text.
  static func instances(_ text: some StringProtocol) -> [Int]? {
    var numbers: Set<Int> = []
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      let ends = part.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
      switch ends.count {
      case 1:
        guard let number = ends[0], number >= 0 else { return nil }
        numbers.insert(number)
      case 2:
        guard let first = ends[0], let last = ends[1], first >= 0, first <= last, last - first < 10_000 else {
          return nil
        }
        numbers.formUnion(first...last)
      default: return nil
      }
    }
    return numbers.sorted()
  }
}

/// `--instance`, with the same forms as the last part of a key.
struct InstanceOptions: ParsableArguments {
  @Option(help: .instances)
  var instance: [String] = []

  /// The instances that the options and the key name; empty for all.
  func instances(_ reference: JobReference?) throws -> [Int] {
    var all = Set(reference?.instances ?? [])
    for text in instance {
      guard let numbers = JobReference.instances(text) else {
        throw Diagnostic(
          .input, "invalid instances \"\(text)\" in --instance", remedies: ["write numbers and ranges, such as 0-2,5"])
      }
      all.formUnion(numbers)
    }
    return all.sorted()
  }
}
