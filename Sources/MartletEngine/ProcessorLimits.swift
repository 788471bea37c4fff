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

  /// Processors' worth of time that the control groups of this process grant, rounded up: the least
  /// of its own group and those around it, whichever version they are of.
  ///
  /// - Parameter root: Where `proc` and `sys` are; tests have their own.
  /// - Returns: `nil` without a limit.
  package static func containerQuota(root: String = "/") -> Int? {
    #if os(Linux)
      let groups = lines(of: "\(root)proc/self/cgroup").compactMap { line -> [Substring]? in
        // number:controllers:path, controllers empty in version 2.
        let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
        return fields.count == 3 ? fields : nil
      }
      let folder = "\(root)sys/fs/cgroup"
      var quotas: [Double] = []
      for fields in groups {
        if fields[1].isEmpty {
          quotas += ancestors(of: fields[2]).compactMap { quota(version2: folder + $0) }
        } else if fields[1].split(separator: ",").contains("cpu") {
          for mount in ["cpu", fields[1]] {
            quotas += ancestors(of: fields[2]).compactMap {
              quota(version1: "\(folder)/\(mount)\($0)")
            }
          }
        }
      }
      return quotas.min().map { max(1, Int($0.rounded(.up))) }
    #else
      return nil
    #endif
  }

  /// `/a/b`, `/a` and the root, as "". A container may see its group under another path than the
  /// host gives it: then the root is the one that exists.
  private static func ancestors(of path: Substring) -> [String] {
    var names = path.split(separator: "/")
    var paths: [String] = []
    while !names.isEmpty {
      paths.append(names.map { "/" + $0 }.joined())
      names.removeLast()
    }
    return paths + [""]
  }

  /// `cpu.max` holds quota and period in microseconds, the quota "max" where there is none.
  private static func quota(version2 folder: String) -> Double? {
    let words = lines(of: "\(folder)/cpu.max").first?.split(separator: " ") ?? []
    return words.count == 2 ? ratio(Double(words[0]), Double(words[1])) : nil
  }

  /// The same in two files, the quota -1 where there is none.
  private static func quota(version1 folder: String) -> Double? {
    func number(_ name: String) -> Double? {
      lines(of: "\(folder)/\(name)").first.flatMap { Double($0) }
    }
    return ratio(number("cpu.cfs_quota_us"), number("cpu.cfs_period_us"))
  }

  private static func ratio(_ quota: Double?, _ period: Double?) -> Double? {
    guard let quota, let period, quota > 0, period > 0 else { return nil }
    return quota / period
  }

  /// Empty where the file cannot be read. Those of the kernel are short.
  private static func lines(of path: String) -> [Substring] {
    guard let file = fopen(path, "r") else { return [] }
    defer { fclose(file) }
    var bytes = [UInt8](repeating: 0, count: 1 << 14)
    let count = fread(&bytes, 1, bytes.count, file)
    return String(decoding: bytes[..<count], as: UTF8.self).split(separator: "\n")
  }
}
