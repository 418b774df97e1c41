internal import Hummingbird
internal import JobModel
internal import NIOCore
internal import SchedulerAccess
internal import Synchronization

/// The facts about a request: its connection, its caller, and its entry in the audit trail.
struct AccessContext: RequestContext {
  var coreContext: CoreRequestContextStorage
  let channel: any Channel
  /// Set by ``AccessControl/Middleware``.
  var caller = Caller(identity: .nobody, rights: [], address: "")
  /// Whether the caller still has its rights: they can end while a long answer is sent.
  var isStillAllowed: @Sendable () -> Bool = { true }
  let audit = AuditDetails()

  init(source: ApplicationRequestContextSource) {
    coreContext = .init(source: source)
    channel = source.channel
  }

  /// Writes a piece of a long body, and waits until the connection has accepted it.
  ///
  /// The writer itself waits only while it knows that the connection is full, which it learns from the event loop: with
  /// a fast file and a reader that does not read, pieces would pile up in between. The loop works in order: when it has
  /// processed this call, it has the piece, and the next one waits if there is no room.
  ///
  /// - Throws: ``AccessEnded`` for a caller whose rights have ended; the connection then ends within the body.
  func write(_ bytes: [UInt8], to writer: inout any ResponseBodyWriter) async throws {
    guard isStillAllowed() else { throw AccessEnded() }
    try await writer.write(ByteBuffer(bytes: bytes))
    try await channel.eventLoop.submit {}.get()
  }

  /// Demands a right that only the request's body tells.
  ///
  /// - Throws: ``AccessDenied``, which becomes the answer 401 or 403.
  func require(_ required: RequiredAccess) throws {
    if !required.isMet(by: caller.rights) { throw AccessDenied(required: required) }
  }
}

/// The handler's additions to the audit record of its request.
final class AuditDetails: Sendable {
  private struct State {
    var job: JobKey?
    var action: String?
    var subject: AuditSubject?
    var codes: [String] = []
  }

  private let state = Mutex(State())

  /// The job that the request is about, when its path does not name it.
  var job: JobKey? {
    get { state.withLock { $0.job } }
    set { state.withLock { $0.job = newValue } }
  }

  /// The job that was submitted, with its artifacts and files.
  var subject: AuditSubject? {
    get { state.withLock { $0.subject } }
    set { state.withLock { $0.subject = newValue } }
  }

  /// Why the change was refused: see `RefusalCode`.
  var codes: [String] {
    get { state.withLock { $0.codes } }
    set { state.withLock { $0.codes = newValue } }
  }

  /// The action, if the path does not show it.
  var action: String? {
    get { state.withLock { $0.action } }
    set { state.withLock { $0.action = newValue } }
  }
}
