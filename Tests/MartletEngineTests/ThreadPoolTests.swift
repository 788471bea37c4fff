import MartletEngine
import Synchronization
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The pool is one per process: these tests change its size one after the other.
@Suite(.serialized) struct ThreadPoolTests {
  @Test(arguments: [1, 2, 3, 8])
  func everyTaskRunsOnce(_ threads: Int) {
    ThreadPool.setThreadCount(threads)
    defer { ThreadPool.setThreadCount(0) }
    #expect(ThreadPool.threadCount == threads)
    let pool = ThreadPool.current
    for taskCount in [0, 1, 2, 7, 100] {
      for _ in 0..<200 {
        let runs = (0..<taskCount).map { _ in Counter() }
        let inUse = (0..<threads).map { _ in Counter() }
        pool.run(taskCount) { task, worker in
          runs[task].value.add(1, ordering: .relaxed)
          // A worker number belongs to one running call at a time.
          let before = inUse[worker].value.add(1, ordering: .sequentiallyConsistent).oldValue
          if before != 0 { runs[task].value.add(1000, ordering: .relaxed) }
          inUse[worker].value.subtract(1, ordering: .sequentiallyConsistent)
        }
        #expect(runs.allSatisfy { $0.value.load(ordering: .relaxed) == 1 })
      }
    }
  }

  @Test func sleepersWakeUp() {
    ThreadPool.setThreadCount(3)
    defer { ThreadPool.setThreadCount(0) }
    let pool = ThreadPool.current
    for _ in 0..<20 {
      usleep(2000)
      let total = Counter()
      pool.run(50) { task, _ in total.value.add(task, ordering: .relaxed) }
      #expect(total.value.load(ordering: .relaxed) == 49 * 50 / 2)
    }
  }

  /// Little work stays with the caller, so does a single task: nobody is woken for it.
  @Test func littleWorkIsNotShared() {
    ThreadPool.setThreadCount(3)
    defer { ThreadPool.setThreadCount(0) }
    let pool = ThreadPool.current
    let strangers = Counter()
    let caller = pthread_self()
    for (tasks, nanoseconds) in [(50, 0), (50, 5000), (1, Int.max)] {
      let total = Counter()
      for _ in 0..<100 {
        pool.run(tasks, nanoseconds: nanoseconds) { _, worker in
          total.value.add(1, ordering: .relaxed)
          if worker != 0 || pthread_equal(pthread_self(), caller) == 0 {
            strangers.value.add(1, ordering: .relaxed)
          }
        }
      }
      #expect(total.value.load(ordering: .relaxed) == 100 * tasks)
    }
    #expect(strangers.value.load(ordering: .relaxed) == 0)
  }

  /// Threads that wait on the processor help with work that no sleeper would be woken for.
  @Test func middlingWorkIsDoneByWhoIsAwake() {
    ThreadPool.setThreadCount(3)
    defer { ThreadPool.setThreadCount(0) }
    let pool = ThreadPool.current
    for pause in [0, 0, 2000, 0, 2000] {
      usleep(UInt32(pause))
      let total = Counter()
      pool.run(50, nanoseconds: 20_000) { task, _ in total.value.add(task, ordering: .relaxed) }
      #expect(total.value.load(ordering: .relaxed) == 49 * 50 / 2)
    }
  }

  /// Callers that find the pool busy work alone; nobody waits for the other.
  @Test func callersSideBySide() {
    ThreadPool.setThreadCount(2)
    defer { ThreadPool.setThreadCount(0) }
    let total = Counter()
    let callers = (0..<4).map { _ in
      Thread {
        for _ in 0..<200 {
          ThreadPool.current.run(8) { _, _ in total.value.add(1, ordering: .relaxed) }
        }
      }
    }
    for caller in callers { caller.join() }
    #expect(total.value.load(ordering: .relaxed) == 4 * 200 * 8)
  }

  @Test func denormalsAreFlushedAndTheModeGivenBack() {
    #if arch(x86_64)
      // The division must not happen at compile time.
      let tiny = Float.leastNormalMagnitude
      let divisor = Float(ThreadPool.threadCount + 3)
      FloatingPointMode.flushingDenormals { #expect(tiny / divisor == 0) }
      #expect(tiny / divisor != 0)
    #endif
  }
}

private final class Counter: Sendable {
  let value = Atomic<Int>(0)
}

/// A plain thread of the caller's.
private final class Thread {
  private final class Body {
    let run: () -> Void
    init(_ run: @escaping () -> Void) { self.run = run }
  }
  private var handle = pthread_t()

  init(_ run: @escaping () -> Void) {
    pthread_create(
      &handle, nil,
      {
        Unmanaged<Body>.fromOpaque($0!).takeRetainedValue().run()
        return nil
      }, Unmanaged.passRetained(Body(run)).toOpaque())
  }

  func join() { pthread_join(handle, nil) }
}
