/// The templates that come with Kilt, for `include("kilt/NAME.aurora")`.
///
/// They are Starlark like anybody's, compiled in so that a job's meaning depends on the tool's version and the
/// workspace alone.
enum TemplateLibrary {
  static let files = [
    "kilt/health.aurora": health,
    "kilt/installers.aurora": installers,
    "kilt/jvm.aurora": jvm,
    "kilt/python_service.aurora": pythonService,
    "kilt/queue_worker.aurora": queueWorker,
  ]

  /// Whether a path belongs to the library, existing or not.
  static func owns(_ path: String) -> Bool { path.hasPrefix("kilt/") }
}
