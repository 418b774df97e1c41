internal import Starlark

/// The result of `build_file_dir()`: in Pants a `pathlib.PurePath`, so that BUILD files use its `name`, `parent` and
/// `parts`, and join with `/`. It acts as its text where a string is added or compared.
final class DirectoryPath: StarlarkHostObject {
  let path: String

  init(path: String) { self.path = path }

  var typeName: String { "PurePath" }
  /// In Python's form: the root is a dot.
  var representation: String { path.isEmpty ? "." : path }
  var attributeNames: [String] { ["name", "parent", "parts", "stem", "suffix", "as_posix", "joinpath"] }
  var hash: Int? { path.hashValue }

  func isEqual(to other: any StarlarkHostObject) -> Bool { (other as? DirectoryPath)?.path == path }

  func attribute(_ name: String) throws -> Value? {
    let last = Paths.lastComponent(path)
    let dot = last.dropFirst().lastIndex(of: ".")
    switch name {
    case "name": return .string(last)
    case "parent": return .host(DirectoryPath(path: Paths.parent(path)))
    case "parts": return .tuple(path.split(separator: "/").map { .string(String($0)) })
    case "stem": return .string(dot.map { String(last[..<$0]) } ?? last)
    case "suffix": return .string(dot.map { String(last[$0...]) } ?? "")
    case "as_posix": return .builtin(name) { _ in .string(self.representation) }
    case "joinpath":
      return .builtin(name) { call in
        try call.positional.reduce(.host(self)) { path, part in
          try path.asHost(DirectoryPath.self)?.binary(.divide, part, reversed: false) ?? path
        }
      }
    default: return nil
    }
  }

  func binary(_ operation: BinaryOperator, _ other: Value, reversed: Bool) throws -> Value? {
    guard let text = other.asString ?? other.asHost(DirectoryPath.self)?.path else { return nil }
    switch operation {
    case .divide:
      let (left, right) = reversed ? (text, path) : (path, text)
      return .host(DirectoryPath(path: Paths.normalized(Paths.join(left, right)) ?? Paths.join(left, right)))
    case .plus: return .string(reversed ? text + representation : representation + text)
    default: return nil
    }
  }
}
