/// Names for layers that were given none: `conv2d`, `conv2d_1`, `conv2d_2`, … counted per process, as
/// `auto_name` of `keras/src/utils/naming.py` does.
package final class AutomaticNames: @unchecked Sendable {
  /// The process's.
  package static let shared = AutomaticNames()

  private let lock = Lock()
  private var counts: [String: Int] = [:]

  package init() {}

  package func next(for className: String) -> String {
    let stem = AutomaticNames.snakeCase(className)
    return lock.withLock {
      let count = counts[stem, default: 0]
      counts[stem] = count + 1
      return count == 0 ? stem : "\(stem)_\(count)"
    }
  }

  /// The next name of every kind is without a number again.
  package func reset() {
    lock.withLock { counts = [:] }
  }

  /// Keras's `to_snake_case`: `MaxPooling2D` → `max_pooling2d`, `ReLU` → `re_lu`.
  ///
  /// Two passes, as there: an underscore before a capital that lower-case letters follow, then one
  /// between a lower-case letter and a capital.
  package static func snakeCase(_ name: String) -> String {
    func isLower(_ character: Character) -> Bool { character >= "a" && character <= "z" }
    func isUpper(_ character: Character) -> Bool { character >= "A" && character <= "Z" }

    let letters = name.filter { $0.isLetter || $0.isNumber || $0 == "_" }.map { $0 }
    // (.)([A-Z][a-z]+) → \1_\2; matches do not overlap, so the scan goes on behind the letters.
    var first: [Character] = []
    var index = 0
    while index < letters.count {
      if index + 2 < letters.count, isUpper(letters[index + 1]), isLower(letters[index + 2]) {
        first += [letters[index], "_", letters[index + 1]]
        index += 2
        while index < letters.count, isLower(letters[index]) {
          first.append(letters[index])
          index += 1
        }
      } else {
        first.append(letters[index])
        index += 1
      }
    }
    var second = ""
    for (index, letter) in first.enumerated() {
      second.append(letter)
      if isLower(letter), index + 1 < first.count, isUpper(first[index + 1]) { second.append("_") }
    }
    return second.lowercased()
  }
}
