import MartletGraph
import MartletTensors
import Testing

struct JSONTests {
  @Test func readsEveryKindOfValue() throws {
    let value = try JSONValue(
      parsing: #" {"a": [1, -2, 2.5, 1e3, true, false, null], "b": {"c": "d"}, "": []} "#)
    let expected: JSONValue = [
      "a": [1, -2, 2.5, 1000.0, true, false, .null], "b": ["c": "d"], "": [],
    ]
    #expect(value == expected)
  }

  @Test func keepsTheOrderOfKeys() throws {
    guard case .object(let object) = try JSONValue(parsing: #"{"z": 1, "a": 2, "m": 3}"#) else {
      Issue.record("not an object")
      return
    }
    #expect(object.keys == ["z", "a", "m"])
    #expect(JSONValue.object(object).description == #"{"z": 1, "a": 2, "m": 3}"#)
  }

  @Test func readsEscapes() throws {
    #expect(
      try JSONValue(parsing: #""\"\\\/\b\f\n\r\t\u00e9\ud83d\udc26é🐦""#)
        == "\"\\/\u{8}\u{c}\n\r\té🐦é🐦")
  }

  @Test(arguments: [
    0.1, -0.0, 1e-7, 1.0 / 3, Double.leastNonzeroMagnitude, 1.7976931348623157e308, 1e20,
    123456789.125,
    2,
  ])
  func numbersSurviveWritingAndReading(_ number: Double) throws {
    let again = try JSONValue(parsing: JSONValue.number(number).description)
    #expect(again.double?.bitPattern == number.bitPattern)
  }

  @Test func integersSurviveWhereTheyFit() throws {
    for integer in [0, 1, -1, Int.max, Int.min] {
      #expect(try JSONValue(parsing: JSONValue.integer(integer).description) == .integer(integer))
    }
    #expect(try JSONValue(parsing: "9223372036854775808") == .number(0x1p63))
    #expect(try JSONValue(parsing: "-0").double?.sign == .minus)
  }

  @Test func floatsPrintShort() {
    #expect(JSONValue.number(short: 0.1).description == "0.1")
    #expect(JSONValue.number(short: 0.001).description == "0.001")
    #expect(JSONValue.number(short: 3).description == "3.0")
  }

  @Test func textSurvivesWritingAndReading() throws {
    let text = "\"\\/\u{1}\u{1f}\n\r\té🐦\u{7f}\u{2028}"
    #expect(try JSONValue(parsing: JSONValue.text(text).description) == .text(text))
    #expect(JSONValue.text("\u{1}").description == #""\u0001""#)
  }

  @Test func whatIsNotFiniteIsWrittenAsNull() {
    #expect(JSONValue.array([.number(.infinity), .number(.nan)]).description == "[null, null]")
  }

  @Test(arguments: [
    ("", "JSON, line 1, column 1: expected a value, found the end of the text"),
    ("{\"a\": 1,\n \"b\" 2}", "JSON, line 2, column 6: expected ':', found '2'"),
    ("[1, 2", "JSON, line 1, column 6: expected ',' or ']', found the end of the text"),
    ("{\"a\": 1 \"b\"", "JSON, line 1, column 9: expected ',' or '}', found '\"'"),
    ("[1,]", "JSON, line 1, column 4: expected a value, found ']'"),
    ("{,}", "JSON, line 1, column 2: expected a key, found ','"),
    ("{\"a\": 1, \"a\": 2}", "JSON, line 1, column 10: key 'a' appears twice"),
    ("1 2", "JSON, line 1, column 3: unexpected '2' after the end"),
    ("NaN", "JSON, line 1, column 1: NaN is not a JSON number"),
    ("Infinity", "JSON, line 1, column 1: Infinity is not a JSON number"),
    ("-Infinity", "JSON, line 1, column 2: Infinity is not a JSON number"),
    ("1e999", "JSON, line 1, column 1: number 1e999 is too large"),
    ("01", "JSON, line 1, column 2: a number may not begin with 0"),
    ("1.", "JSON, line 1, column 3: expected a digit, found the end of the text"),
    ("-", "JSON, line 1, column 2: expected a digit, found the end of the text"),
    ("tru", "JSON, line 1, column 1: expected a value, found 't'"),
    ("'a'", "JSON, line 1, column 1: expected a value, found '''"),
    ("\"a", "JSON, line 1, column 1: text without an end"),
    ("\"a\nb\"", "JSON, line 1, column 3: a control character must be escaped"),
    (#""\x""#, "JSON, line 1, column 3: unknown escape: 'x' after '\\'"),
    (#""\u12g4""#, "JSON, line 1, column 6: expected four hexadecimal digits, found 'g'"),
    (#""\ud800""#, "JSON, line 1, column 8: half of a surrogate pair"),
    (#""\udc00""#, "JSON, line 1, column 8: half of a surrogate pair"),
    (#""\ud800\u0041""#, "JSON, line 1, column 14: half of a surrogate pair"),
  ])
  func saysWhereATextIsWrong(_ text: String, _ expected: String) {
    #expect(message { _ = try JSONValue(parsing: text) } == expected)
  }

  @Test func refusesBytesThatAreNotText() {
    #expect(
      message { _ = try JSONValue(parsing: [0x22, 0xFF, 0x22] as [UInt8]) }
        == "JSON, line 1, column 1: text that is not UTF-8")
    #expect(
      message { _ = try JSONValue(parsing: [0xFF] as [UInt8]) }
        == "JSON, line 1, column 1: expected a value, found byte 255")
  }

  @Test func depthIsLimited() throws {
    let fine = String(repeating: "[", count: 128) + String(repeating: "]", count: 128)
    _ = try JSONValue(parsing: fine)
    let deep = String(repeating: "[", count: 1_000_000)
    #expect(
      message { _ = try JSONValue(parsing: deep) }
        == "JSON, line 1, column 162: more than 160 levels deep")
  }
}
