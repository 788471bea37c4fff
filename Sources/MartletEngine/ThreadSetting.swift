/// How many threads compute where the program does not say: what `MARTLET_NUM_THREADS` asks for, but
/// never more than the machine grants.
package struct ThreadSetting {
  package let count: Int
  /// Why the variable was not followed.
  package let warning: String?

  package static let accepted = 1...1024

  /// - Parameters:
  ///   - requested: The variable's value; `nil` or empty where it is not set.
  ///   - limit: What the machine grants, from 1 up.
  package init(requested: String?, limit: Int) {
    guard let requested, !requested.isEmpty else {
      count = limit
      warning = nil
      return
    }
    guard let number = Int(requested), ThreadSetting.accepted.contains(number) else {
      count = limit
      warning =
        "MARTLET_NUM_THREADS=\(requested) is not followed: accepted are whole numbers from "
        + "\(ThreadSetting.accepted.lowerBound) to \(ThreadSetting.accepted.upperBound); "
        + "using \(limit)"
      return
    }
    count = min(number, limit)
    warning = nil
  }
}
