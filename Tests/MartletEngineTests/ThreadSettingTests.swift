import Foundation
import MartletEngine
import Testing

/// `MARTLET_NUM_THREADS`, and the limits of the machine.
@Suite struct ThreadSettingTests {
  @Test func numbersAreFollowedUpToTheLimit() {
    for (requested, count) in [(nil, 6), ("", 6), ("1", 1), ("6", 6), ("7", 6), ("1024", 6)] {
      let setting = ThreadSetting(requested: requested, limit: 6)
      #expect(setting.count == count)
      #expect(setting.warning == nil)
    }
  }

  @Test(arguments: ["0", "-1", "1025", "four", "2.5", " 2", "99999999999999999999"])
  func othersAreNamed(_ requested: String) {
    let setting = ThreadSetting(requested: requested, limit: 6)
    #expect(setting.count == 6)
    #expect(
      setting.warning
        == "MARTLET_NUM_THREADS=\(requested) is not followed: accepted are whole numbers from 1 to "
        + "1024; using 6")
  }
}

#if os(Linux)
  /// Control groups, as files in a folder of the test's own.
  @Suite struct ProcessorLimitsTests {
    private func quota(_ files: [String: String]) throws -> Int? {
      let root = FileManager.default.temporaryDirectory
        .appendingPathComponent("limits-\(UUID().uuidString)")
      defer { try? FileManager.default.removeItem(at: root) }
      for (path, text) in files {
        let file = root.appendingPathComponent(path)
        try FileManager.default.createDirectory(
          at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try text.write(to: file, atomically: false, encoding: .utf8)
      }
      return ProcessorLimits.containerQuota(root: root.path + "/")
    }

    @Test func noLimit() throws {
      #expect(try quota([:]) == nil)
      #expect(
        try quota([
          "proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "max 100000\n",
        ]) == nil)
      #expect(
        try quota([
          "proc/self/cgroup": "1:cpu:/\n", "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1\n",
          "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
        ]) == nil)
    }

    @Test(arguments: [("50000 100000", 1), ("200000 100000", 2), ("250000 100000", 3)])
    func version2(_ text: String, _ count: Int) throws {
      #expect(
        try quota(["proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": text + "\n"]) == count)
    }

    /// The tightest of the own group and those around it.
    @Test func version2Nested() throws {
      let groups = "0::/user/app\n"
      #expect(
        try quota([
          "proc/self/cgroup": groups, "sys/fs/cgroup/user/app/cpu.max": "max 100000\n",
          "sys/fs/cgroup/user/cpu.max": "300000 100000\n",
        ]) == 3)
      #expect(
        try quota([
          "proc/self/cgroup": groups, "sys/fs/cgroup/user/app/cpu.max": "100000 100000\n",
          "sys/fs/cgroup/user/cpu.max": "300000 100000\n",
        ]) == 1)
      // The path is the host's, the mount is the container's.
      #expect(
        try quota(["proc/self/cgroup": groups, "sys/fs/cgroup/cpu.max": "400000 100000\n"]) == 4)
    }

    @Test(arguments: ["cpu", "cpu,cpuacct"])
    func version1(_ mount: String) throws {
      let groups = "9:memory:/docker/x\n4:cpu,cpuacct:/docker/x\n1:name=systemd:/\n0::/\n"
      let folder = "sys/fs/cgroup/\(mount)"
      for path in ["", "/docker", "/docker/x"] {
        #expect(
          try quota([
            "proc/self/cgroup": groups, folder + path + "/cpu.cfs_quota_us": "150000\n",
            folder + path + "/cpu.cfs_period_us": "50000\n",
          ]) == 3)
      }
    }

    @Test func limitsAreSensible() {
      #expect(ProcessorLimits.threadCount() >= 1)
      #expect(ProcessorLimits.threadCount() <= sysconf(Int32(_SC_NPROCESSORS_CONF)))
    }
  }
#endif
