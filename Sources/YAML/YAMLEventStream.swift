import CLibYAML
import Diagnostics

/// libyaml's events, copied out of C memory.
struct YAMLEvent {
  enum Kind {
    case streamEnd
    case documentStart(yaml11: Bool)
    case scalar(text: String, isPlain: Bool)
    case sequenceStart
    case mappingStart
    case end
    case alias
    case other
  }

  var kind: Kind
  var anchor: String?
  var tag: String?
  /// From 1; the column in bytes.
  var line: Int
  var column: Int
  var length: Int
}

/// A libyaml parser over bytes that it owns.
final class EventStream {
  private let parser: UnsafeMutablePointer<yaml_parser_t>
  private let input: UnsafeMutableBufferPointer<UInt8>
  private let lines: SourceLines
  private let markWidth: Int

  init(bytes: [UInt8], lines: SourceLines) throws(YAMLError) {
    self.lines = lines
    parser = .allocate(capacity: 1)
    parser.initialize(to: yaml_parser_t())
    // If libyaml knew the encoding, it would count a byte order mark as a column.
    markWidth = lines.starts[0]
    input = .allocate(capacity: bytes.count - markWidth)
    _ = input.initialize(from: bytes[markWidth...])
    guard yaml_parser_initialize(parser) == 1 else {
      throw YAMLError(.noMemory, at: lines.location(line: 1, column: nil))
    }
    yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
    yaml_parser_set_input_string(parser, input.baseAddress, input.count)
  }

  deinit {
    yaml_parser_delete(parser)
    parser.deallocate()
    input.deallocate()
  }

  func next() throws(YAMLError) -> YAMLEvent {
    var event = yaml_event_t()
    guard yaml_parser_parse(parser, &event) == 1 else { throw failure() }
    defer { yaml_event_delete(&event) }
    let line = Int(event.start_mark.line)
    let column = lines.byteColumn(line: line, characters: Int(event.start_mark.column))
    var length = 1
    if event.end_mark.line == event.start_mark.line {
      length = max(1, lines.byteColumn(line: line, characters: Int(event.end_mark.column)) - column)
    }
    var anchor: UnsafeMutablePointer<UInt8>?
    var tag: UnsafeMutablePointer<UInt8>?
    let kind: YAMLEvent.Kind
    switch event.type {
    case YAML_STREAM_END_EVENT: kind = .streamEnd
    case YAML_DOCUMENT_START_EVENT:
      let version = event.data.document_start.version_directive
      kind = .documentStart(yaml11: version.map { $0.pointee.major == 1 && $0.pointee.minor == 1 } ?? false)
    case YAML_SCALAR_EVENT:
      let scalar = event.data.scalar
      (anchor, tag) = (scalar.anchor, scalar.tag)
      let text = String(decoding: UnsafeBufferPointer(start: scalar.value, count: scalar.length), as: UTF8.self)
      kind = .scalar(text: text, isPlain: scalar.style == YAML_PLAIN_SCALAR_STYLE)
    case YAML_SEQUENCE_START_EVENT:
      (anchor, tag, kind) = (event.data.sequence_start.anchor, event.data.sequence_start.tag, .sequenceStart)
    case YAML_MAPPING_START_EVENT:
      (anchor, tag, kind) = (event.data.mapping_start.anchor, event.data.mapping_start.tag, .mappingStart)
    case YAML_SEQUENCE_END_EVENT, YAML_MAPPING_END_EVENT: kind = .end
    case YAML_ALIAS_EVENT: (anchor, kind) = (event.data.alias.anchor, .alias)
    default: kind = .other
    }
    return YAMLEvent(
      kind: kind, anchor: anchor.map { String(cString: $0) }, tag: tag.map { String(cString: $0) }, line: line + 1,
      column: column + 1, length: length)
  }

  private func failure() -> YAMLError {
    let problem = parser.pointee.problem.map { String(cString: $0) } ?? "unknown error"
    switch parser.pointee.error {
    case YAML_MEMORY_ERROR: return YAMLError(.noMemory, at: lines.location(line: 1, column: nil))
    case YAML_READER_ERROR:
      let location = lines.location(offset: markWidth + Int(parser.pointee.problem_offset))
      return YAMLError(.syntax(context: "", problem: problem), at: location)
    default:
      let mark = parser.pointee.problem_mark
      var context = parser.pointee.context.map { String(cString: $0) } ?? ""
      let start = parser.pointee.context_mark
      if !context.isEmpty, start.line != mark.line { context += " that begins in line \(start.line + 1)" }
      let column = lines.byteColumn(line: Int(mark.line), characters: Int(mark.column))
      let location = lines.location(line: Int(mark.line) + 1, column: column + 1)
      return YAMLError(.syntax(context: context, problem: problem), at: location)
    }
  }
}
