internal import Diagnostics
internal import JSON
internal import PipelineDatabase

/// Where runs of pipelines are kept besides the scheduler's own database: the table `[pipelines]`.
///
/// ```
/// [pipelines]
/// store = "postgresql://kilt@db.example.com/kilt"
/// lease_secs = 20   # how long another scheduler waits before it takes the runs over
/// ```
struct PipelineSettings: Sendable {
  /// A URL of a PostgreSQL. It can have a password, so it is never shown as it is.
  var store: String
  var leaseSeconds = 20

  init(_ table: JSONObject, _ reader: SettingsReader) throws {
    guard let store = table["store"]?.string,
      store.hasPrefix("postgresql://") || store.hasPrefix("postgres://")
    else {
      throw reader.fault(
        "[pipelines] has no \"store\" that begins with postgresql://",
        remedy: "write store = \"postgresql://USER@HOST/DATABASE\", or remove the table: runs are then in SQLite")
    }
    self.store = store
    for (name, value) in table where name != "store" {
      guard name == "lease_secs" else {
        throw reader.fault(
          "unknown key \"\(name)\" in [pipelines]", remedy: "keys of [pipelines]: store, lease_secs")
      }
      guard let seconds = value.int, (2...600).contains(seconds) else {
        throw reader.fault("\"lease_secs\" is not a whole number from 2 to 600")
      }
      leaseSeconds = Int(seconds)
    }
  }

  /// The address for messages, without its password.
  var shownStore: String { PipelineDatabase.shown(store) }
}
