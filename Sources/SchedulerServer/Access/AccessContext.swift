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
  /// Whether the caller has its rights still: they can end while a long answer is sent.
  var isStillAllowed: @Sendable () -> Bool = { true }
  let audit = AuditDetails()

  init(source: ApplicationRequestContextSource) {
    coreContext = .init(source: source)
    channel = source.channel
  }

  /// Writes a piece of a long body, and waits until the connection has taken it.
  ///
  /// The writer alone waits only while it knows that the connection is full, and it learns that from the event loop: a
  /// fast file and a reader that does not read would pile up pieces in between. The loop works in order: when it has
  /// come to the end of this, it has the piece, and the next one waits if there is no room.
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

/// What a handler adds to the audit record of its request.
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

  /// What is done, when the path does not tell.
  var action: String? {
    get { state.withLock { $0.action } }
    set { state.withLock { $0.action = newValue } }
  }
}
