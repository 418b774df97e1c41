public import PythonPackaging
internal import SystemSupport
public import Workspace

extension Workspace {
  /// The indexes and directories of `[python-repos]` in a `pants.toml`; nil when the section is absent.
  public var indexOverride: IndexConfiguration.Override? {
    guard configuration.indexes != nil || !configuration.findLinks.isEmpty else { return nil }
    func placed(_ text: String) -> String {
      let text = text.replacing("%(buildroot)s", with: root.string)
      return text.contains("://") ? text : root.pushing(FilePath(text)).string
    }
    return IndexConfiguration.Override(
      indexes: configuration.indexes.map { $0.map { $0.replacing("%(buildroot)s", with: root.string) } },
      addsIndexes: configuration.addsToDefaultIndex, findLinks: configuration.findLinks.map(placed))
  }
}
