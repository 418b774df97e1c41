import Diagnostics
import HTTPClient
import JSON
import JobModel

/// The calls of an executor to the scheduler of its task. Blocking, and without attempts of their own.
struct SchedulerChannel: Sendable {
  /// Why a call has no answer.
  enum Failure: Error {
    /// Nobody answers, or the answer is of no use now: to be tried again.
    case later(String)
    /// The scheduler does not want this executor: its task is over, or another executor runs it.
    case dismissed(String)
  }

  let contact: SchedulerContact
  let http = HTTPClient(retry: .never)

  /// Posts bytes below the task's own path, and returns the answer.
  func post(_ path: String, _ body: [UInt8], seconds: Int = 30) throws(Failure) -> [UInt8] {
    try call(.post, path, .bytes(body), seconds: seconds)
  }

  func get(_ path: String, seconds: Int) throws(Failure) -> [UInt8] { try call(.get, path, .none, seconds: seconds) }

  private func call(_ method: HTTPMethod, _ path: String, _ body: HTTPBody, seconds: Int) throws(Failure) -> [UInt8] {
    var request = HTTPRequest(
      method, "\(contact.address)/api/executors/\(contact.task)/\(path)",
      headers: ["Authorization": "Bearer \(contact.token)"], body: body,
      timeouts: HTTPTimeouts(connect: 5000, total: seconds * 1000), followsRedirects: false)
    request.pinnedPublicKey = contact.key
    let response: HTTPResponse
    do {
      response = try http.send(request, limit: 16 << 20)
    } catch {
      throw .later((error as? any DiagnosableError)?.diagnostic.summary ?? "\(error)")
    }
    if response.status == 410 { throw .dismissed(message(response)) }
    guard response.isSuccess else { throw .later("status \(response.status): \(message(response))") }
    return response.body
  }

  private func message(_ response: HTTPResponse) -> String {
    do {
      return try JSONValue(parsing: response.body)["error"]?["message"]?.string ?? ""
    } catch {
      // Whoever answered is no scheduler: a proxy, as a rule.
      return String(response.text.prefix(200))
    }
  }
}
