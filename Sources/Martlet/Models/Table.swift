/// Rows within lines, the first of them as a header.
///
/// - Parameter rightAligned: Columns of numbers.
func table(_ rows: [[String]], rightAligned: Set<Int>) -> [String] {
  let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
  func rule(_ left: String, _ cross: String, _ right: String) -> String {
    left + widths.map { String(repeating: "─", count: $0 + 2) }.joined(separator: cross) + right
  }
  func line(_ row: [String]) -> String {
    let cells = zip(row, widths).enumerated().map { column, cell in
      let gap = String(repeating: " ", count: cell.1 - cell.0.count)
      return rightAligned.contains(column) ? gap + cell.0 : cell.0 + gap
    }
    return "│ " + cells.joined(separator: " │ ") + " │"
  }
  return [rule("┌", "┬", "┐"), line(rows[0]), rule("├", "┼", "┤")]
    + rows.dropFirst().map(line) + [rule("└", "┴", "┘")]
}

/// With commas between thousands.
func grouped(_ number: Int) -> String {
  var text = ""
  for (index, digit) in String(number).reversed().enumerated() {
    if index > 0, index % 3 == 0 { text.append(",") }
    text.append(digit)
  }
  return String(text.reversed())
}

/// With as many digits behind the point. Numbers that are not finite, or very large, as Swift prints them.
func decimals(_ value: Double, _ count: Int) -> String {
  let scale = (0..<count).reduce(1.0) { power, _ in power * 10 }
  let whole = (value.magnitude * scale).rounded()
  guard whole < 1e15 else { return "\(value)" }
  let digits = String(Int(whole))
  let padded = String(repeating: "0", count: max(0, count + 1 - digits.count)) + digits
  let sign = value < 0 && whole > 0 ? "-" : ""
  return count == 0 ? sign + padded : sign + padded.dropLast(count) + "." + padded.suffix(count)
}
