extension JSONValue: CustomStringConvertible {
  /// The value on one line, as Python's `json.dumps` spaces it. Reading it gives an equal value.
  ///
  /// A number that is not finite becomes `null`: JSON has no word for it.
  package var description: String {
    var result = ""
    write(to: &result)
    return result
  }

  /// At most `limit` characters of it, for messages.
  package func excerpt(_ limit: Int = 60) -> String {
    let whole = description
    return whole.count <= limit ? whole : whole.prefix(limit) + "…"
  }

  private func write(to result: inout String) {
    switch self {
    case .null: result += "null"
    case .boolean(let value): result += value ? "true" : "false"
    case .integer(let value): result += String(value)
    // Swift prints the shortest decimal that reads back as the same double.
    case .number(let value): result += value.isFinite ? value.description : "null"
    case .text(let value): JSONValue.write(value, to: &result)
    case .array(let elements):
      result += "["
      for (index, element) in elements.enumerated() {
        if index > 0 { result += ", " }
        element.write(to: &result)
      }
      result += "]"
    case .object(let object):
      result += "{"
      for (index, member) in object.members.enumerated() {
        if index > 0 { result += ", " }
        JSONValue.write(member.key, to: &result)
        result += ": "
        member.value.write(to: &result)
      }
      result += "}"
    }
  }

  private static func write(_ text: String, to result: inout String) {
    result += "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\r": result += "\\r"
      case "\t": result += "\\t"
      case _ where scalar.value < 0x20:
        let digits = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    result += "\""
  }
}
