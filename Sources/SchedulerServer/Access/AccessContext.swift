internal import Hummingbird
internal import JobModel
internal import NIOCore
internal import SchedulerAccess
internal import Synchronization

/// What is known about a request: its connection, who sent it, and what the audit trail is told about it.
struct AccessContext: RequestContext {
  var coreContext: CoreRequestContextStorage
  let channel: any Channel
  /// Set by ``AccessControl/Middleware``.
  var caller = Caller(identity: .nobody, rights: [], address: "")
  let audit = AuditDetails()

  init(source: ApplicationRequestContextSource) {
    coreContext = .init(source: source)
    channel = source.channel
  }

  /// Demands a right that only the request's body tells.
  ///
  /// - Throws: ``AccessDenied``, which becomes the answer 401 or 403.
  func require(_ required: RequiredAccess) throws {
    if !required.isMet(by: caller.rights) { throw AccessDenied(required: required) }
  }
}

/// What a handler adds to the audit record of its request.
final class AuditDetails: Sendable {
  private let state = Mutex<(job: JobKey?, action: String?)>((nil, nil))

  /// The job that the request is about, when its path does not name it.
  var job: JobKey? {
    get { state.withLock { $0.job } }
    set { state.withLock { $0.job = newValue } }
  }

  /// What is done, when the path does not tell.
  var action: String? {
    get { state.withLock { $0.action } }
    set { state.withLock { $0.action = newValue } }
  }
}
