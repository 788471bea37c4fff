import MartletTensors

extension JSONValue {
  /// Reads a text in UTF-8 after RFC 8259, no more lenient than it: no comments, no trailing commas,
  /// no NaN or Infinity, no key twice.
  ///
  /// - Throws: `invalidArgument` with the line and column, both from 1, where reading stopped.
  package init(parsing text: some Collection<UInt8>) throws(MartletError) {
    var parser = JSONParser(bytes: Array(text))
    self = try parser.document()
  }

  package init(parsing text: String) throws(MartletError) {
    try self.init(parsing: text.utf8)
  }
}

private struct JSONParser {
  let bytes: [UInt8]
  var position = 0

  /// Arrays and objects within each other. Beyond the description of models that stand as deep in each
  /// other as they may (`Model.largestDepth`, two levels each), far below what a small thread's stack
  /// holds.
  static let depthLimit = 160

  init(bytes: [UInt8]) { self.bytes = bytes }

  mutating func document() throws(MartletError) -> JSONValue {
    let result = try value(depth: 0)
    skipSpace()
    guard position == bytes.count else { throw error("unexpected \(found) after the end") }
    return result
  }

  private var current: UInt8? { position < bytes.count ? bytes[position] : nil }

  private mutating func skipSpace() {
    while let byte = current, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 {
      position += 1
    }
  }

  private mutating func accept(_ character: Unicode.Scalar) -> Bool {
    guard current == UInt8(ascii: character) else { return false }
    position += 1
    return true
  }

  private mutating func value(depth: Int) throws(MartletError) -> JSONValue {
    skipSpace()
    guard depth <= JSONParser.depthLimit else {
      throw error("more than \(JSONParser.depthLimit) levels deep")
    }
    switch current {
    case UInt8(ascii: "{"): return .object(try object(depth: depth))
    case UInt8(ascii: "["): return .array(try array(depth: depth))
    case UInt8(ascii: "\""): return .text(try text())
    case UInt8(ascii: "-"): return try number()
    case let byte? where isDigit(byte): return try number()
    default: break
    }
    for (word, result) in [("null", JSONValue.null), ("true", true), ("false", false)]
    where bytes[position...].starts(with: word.utf8) {
      position += word.utf8.count
      return result
    }
    for word in ["NaN", "Infinity"] where bytes[position...].starts(with: word.utf8) {
      throw error("\(word) is not a JSON number")
    }
    throw error("expected a value, found \(found)")
  }

  private mutating func object(depth: Int) throws(MartletError) -> JSONObject {
    var result = JSONObject()
    position += 1
    skipSpace()
    if accept("}") { return result }
    while true {
      skipSpace()
      guard current == UInt8(ascii: "\"") else { throw error("expected a key, found \(found)") }
      let start = position
      let key = try text()
      guard result[key] == nil else {
        position = start
        throw error("key '\(key)' appears twice")
      }
      skipSpace()
      guard accept(":") else { throw error("expected ':', found \(found)") }
      result[key] = try value(depth: depth + 1)
      skipSpace()
      if accept("}") { return result }
      guard accept(",") else { throw error("expected ',' or '}', found \(found)") }
    }
  }

  private mutating func array(depth: Int) throws(MartletError) -> [JSONValue] {
    var result: [JSONValue] = []
    position += 1
    skipSpace()
    if accept("]") { return result }
    while true {
      result.append(try value(depth: depth + 1))
      skipSpace()
      if accept("]") { return result }
      guard accept(",") else { throw error("expected ',' or ']', found \(found)") }
    }
  }

  private func isDigit(_ byte: UInt8) -> Bool {
    byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")
  }

  private mutating func digits() throws(MartletError) {
    let start = position
    while let byte = current, isDigit(byte) { position += 1 }
    guard position > start else { throw error("expected a digit, found \(found)") }
  }

  private mutating func number() throws(MartletError) -> JSONValue {
    let start = position
    _ = accept("-")
    if bytes[position...].starts(with: "Infinity".utf8) {
      throw error("Infinity is not a JSON number")
    }
    if accept("0") {
      if let byte = current, isDigit(byte) {
        throw error("a number may not begin with 0")
      }
    } else {
      try digits()
    }
    var isInteger = true
    if accept(".") {
      isInteger = false
      try digits()
    }
    if accept("e") || accept("E") {
      isInteger = false
      if !accept("-") { _ = accept("+") }
      try digits()
    }
    let written = String(decoding: bytes[start..<position], as: UTF8.self)
    // "-0" keeps its sign only as a floating-point number.
    if isInteger, written != "-0", let integer = Int(written) { return .integer(integer) }
    guard let double = Double(written), double.isFinite else {
      position = start
      throw error("number \(written.prefix(40)) is too large")
    }
    return .number(double)
  }

  private mutating func text() throws(MartletError) -> String {
    let start = position
    position += 1
    var content: [UInt8] = []
    while true {
      guard let byte = current else {
        position = start
        throw error("text without an end")
      }
      switch byte {
      case UInt8(ascii: "\""):
        position += 1
        guard let result = String(validating: content, as: UTF8.self) else {
          position = start
          throw error("text that is not UTF-8")
        }
        return result
      case UInt8(ascii: "\\"):
        position += 1
        content += try escape()
      case 0..<0x20: throw error("a control character must be escaped")
      default:
        content.append(byte)
        position += 1
      }
    }
  }

  private mutating func escape() throws(MartletError) -> [UInt8] {
    let simple: [(Unicode.Scalar, UInt8)] = [
      ("\"", 0x22), ("\\", 0x5C), ("/", 0x2F), ("b", 0x08), ("f", 0x0C), ("n", 0x0A), ("r", 0x0D),
      ("t", 0x09),
    ]
    for (letter, byte) in simple where accept(letter) { return [byte] }
    guard accept("u") else { throw error("unknown escape: \(found) after '\\'") }
    let unit = try hexadecimal()
    var code = UInt32(unit)
    if UTF16.isLeadSurrogate(unit) {
      guard accept("\\"), accept("u") else { throw error("half of a surrogate pair") }
      let trail = try hexadecimal()
      guard UTF16.isTrailSurrogate(trail) else { throw error("half of a surrogate pair") }
      code = 0x10000 + (UInt32(unit) - 0xD800) << 10 + (UInt32(trail) - 0xDC00)
    }
    guard let scalar = Unicode.Scalar(code) else { throw error("half of a surrogate pair") }
    return Array(String(Character(scalar)).utf8)
  }

  private mutating func hexadecimal() throws(MartletError) -> UInt16 {
    var result: UInt16 = 0
    for _ in 0..<4 {
      guard let byte = current,
        let digit = Character(Unicode.Scalar(byte)).hexDigitValue
      else { throw error("expected four hexadecimal digits, found \(found)") }
      result = result << 4 | UInt16(digit)
      position += 1
    }
    return result
  }

  /// What stands at the current position, for errors.
  private var found: String {
    guard let byte = current else { return "the end of the text" }
    guard byte >= 0x20, byte < 0x7F else { return "byte \(byte)" }
    return "'\(Character(Unicode.Scalar(byte)))'"
  }

  private func error(_ message: String) -> MartletError {
    let before = bytes[..<position]
    let line = before.count { $0 == 0x0A } + 1
    let lineStart = before.lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
    return .invalidArgument("JSON, line \(line), column \(position - lineStart + 1): \(message)")
  }
}
