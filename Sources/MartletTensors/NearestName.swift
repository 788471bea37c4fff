/// The known name most like a misspelt one, for "did you mean": least edit distance, case ignored.
///
/// - Returns: `nil` where nothing is near (more than a third of the letters would change).
package func nearestName(to name: String, among known: some Sequence<String>) -> String? {
  let wanted = Array(name.lowercased())
  var best: (distance: Int, name: String)?
  for candidate in known {
    let distance = editDistance(wanted, Array(candidate.lowercased()))
    if distance < best?.distance ?? .max { best = (distance, candidate) }
  }
  guard let best, best.distance <= max(2, max(wanted.count, best.name.count) / 3) else {
    return nil
  }
  return best.name
}

/// `unknown activation 'rulu'; did you mean 'relu'?` or, with nothing near, the names there are.
package func unknownName(
  _ name: String, kind: String, known: some Sequence<String>
) -> MartletError {
  if let near = nearestName(to: name, among: known) {
    return .invalidArgument("unknown \(kind) '\(name)'; did you mean '\(near)'?")
  }
  let list = known.sorted().map { "'\($0)'" }.joined(separator: ", ")
  return .invalidArgument("unknown \(kind) '\(name)'; known are \(list)")
}

/// Levenshtein's distance with a single row of the table.
private func editDistance(_ a: [Character], _ b: [Character]) -> Int {
  var row = Array(0...b.count)
  for i in a.indices {
    var diagonal = row[0]
    row[0] = i + 1
    for j in b.indices {
      let replaced = diagonal + (a[i] == b[j] ? 0 : 1)
      diagonal = row[j + 1]
      row[j + 1] = min(replaced, row[j] + 1, diagonal + 1)
    }
  }
  return row[b.count]
}
