import Testing

@testable import HTTPClient

@Suite struct RedactedURLTests {
  @Test(arguments: [
    ("https://host/a?b=c#d", "https://host/a?b=c#d"),
    ("https://u:p@host:8080/a", "https://host:8080/a"),
    ("https://u:p@ss@host/a@b", "https://host/a@b"),
    ("https://token@host", "https://host"),
    ("https://h/k?X-Amz-Signature=ab&X-Amz-Expires=60", "https://h/k?X-Amz-Signature=***&X-Amz-Expires=60"),
    ("https://h/k?access_token=ab", "https://h/k?access_token=***"),
    ("plain", "plain"),
  ])
  func hidesSecretsAndNothingElse(url: String, expected: String) { #expect(redactedURL(url) == expected) }
}

@Suite struct RetryPolicyTests {
  let policy = RetryPolicy(attempts: 4, firstDelay: 100, maximumDelay: 3000)

  @Test func doublesUpToTheMaximumAndGivesUp() {
    #expect(policy.delay(after: 1, retryAfter: nil, random: 0) == 50)
    #expect(policy.delay(after: 1, retryAfter: nil, random: 0.5) == 75)
    #expect(policy.delay(after: 3, retryAfter: nil, random: 0) == 200)
    #expect(policy.delay(after: 4, retryAfter: nil, random: 0) == nil)
    #expect(
      RetryPolicy(attempts: 99, firstDelay: 100, maximumDelay: 500).delay(after: 60, retryAfter: nil, random: 0) == 250)
  }

  @Test func theServersWishCountsUpToTheMaximum() {
    #expect(policy.delay(after: 1, retryAfter: 2, random: 0) == 2000)
    #expect(policy.delay(after: 1, retryAfter: 60, random: 0) == nil)
  }
}

@Suite struct ServerSentEventTests {
  private let stream = Array(
    "\u{FEFF}: hello\n\nid: 7\nevent: log\ndata: one\ndata:two\r\n\r\ndata\n\nretry: 250\rdata: \u{E9}\r\rdata: lost"
      .utf8)
  private let expected = [
    ServerSentEvent(name: "log", data: "one\ntwo", id: "7"), ServerSentEvent(data: "", id: "7"),
    ServerSentEvent(data: "\u{E9}", id: "7"),
  ]

  @Test func readsTheFormatOfTheStandard() {
    var parser = ServerSentEventParser()
    #expect(parser.consume(stream) == expected)
    #expect(parser.reconnectionDelay == 250)
  }

  @Test func isTheSameWhereverTheStreamIsCut() {
    for cut in 0...stream.count {
      var parser = ServerSentEventParser()
      #expect(parser.consume(stream[..<cut]) + parser.consume(stream[cut...]) == expected)
    }
  }
}
