public import Discovery
public import HTTPClient
internal import JSON
public import JobModel

// Discovery.
extension SchedulerClient {
  /// All services of the scheduler's catalogue.
  public func services() throws -> [Service] { try decoding { try Service.catalogue($0) }(get("/api/services")) }

  /// The tasks of a job that can be called; nil for a job without an announcer.
  public func service(_ key: JobKey) throws -> Service? {
    let response = try send(HTTPRequest(.get, base + "/api/services/\(key)"))
    if response.status == 404 { return nil }
    return try decoding { try Service(json: $0) }(try json(response))
  }

  /// Follows the catalogue: passes all services to `receive` at once and after each change, until it returns false, the
  /// connection ends, or nothing arrives for 30 s.
  public func followServices(
    _ cancellation: HTTPCancellation? = nil, receive: ([Service]) throws -> Bool
  ) throws {
    struct Enough: Error {}
    var request = HTTPRequest(.get, base + "/api/services?follow=1")
    authorize(&request)
    // The server repeats the catalogue every 10 s.
    request.timeouts.stall = 30_000
    var parser = ServerSentEventParser()
    do {
      let response = try reaching {
        try http.download(request, cancellation: cancellation) { bytes in
          for event in parser.consume(bytes) where event.name == "services" {
            let services = try decoding { try Service.catalogue($0) }(JSONValue(parsing: Array(event.data.utf8)))
            guard try receive(services) else { throw Enough() }
          }
        }
      }
      _ = try checked(response)
    } catch is Enough {
      return
    }
  }
}
