import CMartletProcessor

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// How many threads this process may sensibly run: the least of the processors it may be scheduled
/// on and the processor time its container grants.
package enum ProcessorLimits {
  package static func threadCount() -> Int {
    max(1, min(affinityCount(), containerQuota() ?? .max))
  }

  private static func affinityCount() -> Int {
    let affinity = Int(martlet_affinity_count())
    if affinity > 0 { return affinity }
    return max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))
  }

  /// Processors' worth of time a control group grants, rounded up; version 2, then version 1.
  private static func containerQuota() -> Int? {
    #if os(Linux)
      if let words = readWords("/sys/fs/cgroup/cpu.max"), words.count == 2,
        let quota = Double(words[0]), let period = Double(words[1]), period > 0
      {
        return max(1, Int((quota / period).rounded(.up)))
      }
      if let quota = readWords("/sys/fs/cgroup/cpu/cpu.cfs_quota_us")?.first.flatMap({ Double($0) }
      ),
        let period = readWords("/sys/fs/cgroup/cpu/cpu.cfs_period_us")?.first.flatMap({ Double($0) }
        ),
        quota > 0, period > 0
      {
        return max(1, Int((quota / period).rounded(.up)))
      }
    #endif
    return nil
  }

  /// The words of a one-line file, or `nil` where it cannot be read.
  private static func readWords(_ path: String) -> [Substring]? {
    guard let file = fopen(path, "r") else { return nil }
    defer { fclose(file) }
    var bytes = [UInt8](repeating: 0, count: 128)
    let count = fread(&bytes, 1, bytes.count, file)
    return String(decoding: bytes[..<count], as: UTF8.self).split { $0 == " " || $0 == "\n" }
  }
}
