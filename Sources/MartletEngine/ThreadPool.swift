import CMartletProcessor
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Runs numbered tasks on a few threads that wait for work.
///
/// Every thread has a share of the tasks, a stretch of neighbours, the same of every job of so many
/// tasks: what a group of samples left in its core's cache is there when the group's next stage
/// runs. Who is done takes over tasks from the ends of the others' shares. So which thread runs which
/// task is left to chance; tasks are cut by the plan and write to places of their own, so the
/// result is not. The calling thread works too. If the pool is busy with another caller's tasks, the
/// caller does its own alone: two models side by side share the processors instead of queueing.
///
/// Once a thread has taken a task the job cannot end before the task does, so the job's fields may be
/// read. So nobody ever waits for a sleeping thread to take notice.
package final class ThreadPool: @unchecked Sendable {
  /// Runs the tasks of a range: all of a job where the caller works alone, else one at a time.
  package typealias Body = (_ tasks: Range<Int>, _ worker: Int) -> Void

  package let threadCount: Int
  private let process = getpid()

  /// One per thread.
  private let shares: UnsafeMutablePointer<TaskShare>
  /// Number of the latest job, set once its shares are.
  private let job = Atomic<UInt64>(0)
  private let completed = Atomic<Int>(0)
  private let isBusy = Atomic<Bool>(false)
  private let isClosing = Atomic<Bool>(false)
  private let sleepers = Atomic<Int>(0)
  /// Of the current job.
  private var body: Body = { _, _ in }

  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

  /// Time that a thread waits on the processor before it lies down, in nanoseconds: about the serial
  /// stretch between two parallel parts of a step.
  private static let spinTime = 50_000
  /// Work that is not worth sharing, and work that is not worth waking a thread for, in nanoseconds
  /// of one thread. What a second thread takes over it must fetch from the first one's cache, and to
  /// wake it costs the caller some five microseconds. Measured on two cores with AVX-512, whose caches
  /// answer each other in 60 ns. Where a host moves one of two virtual processors to another cache
  /// the answer takes 350 ns, and a step of a few dense layers is slower with two threads than with one.
  private static let smallestShared = 10_000
  private static let smallestWaking = 40_000

  private init(threadCount: Int) {
    self.threadCount = threadCount
    shares = .allocate(capacity: threadCount)
    for index in 0..<threadCount { (shares + index).initialize(to: TaskShare()) }
    pthread_mutex_init(mutex, nil)
    pthread_cond_init(condition, nil)
    for worker in 1..<threadCount { start(worker) }
  }

  // MARK: The shared pool

  private struct Shared {
    var pool: ThreadPool?
    var requested = 0
  }
  private static let shared = Mutex(Shared())

  /// The pool of this process. Made on first use, made anew after a change of the thread count, and
  /// in a child of `fork`, where the parent's threads do not exist.
  package static var current: ThreadPool {
    shared.withLock { shared in
      let count = shared.requested > 0 ? shared.requested : defaultThreadCount
      if let pool = shared.pool, pool.threadCount == count, pool.process == getpid() {
        return pool
      }
      if let old = shared.pool, old.process == getpid() { old.close() }
      let pool = ThreadPool(threadCount: count)
      shared.pool = pool
      return pool
    }
  }

  /// - Parameter count: From 1 up, or 0 for the default.
  package static func setThreadCount(_ count: Int) {
    shared.withLock { $0.requested = count }
  }

  package static var threadCount: Int {
    shared.withLock { $0.requested > 0 ? $0.requested : defaultThreadCount }
  }

  private static var defaultThreadCount: Int { setting.count }

  /// Why `MARTLET_NUM_THREADS` was not followed.
  package static var settingsWarning: String? { setting.warning }

  private static let setting = ThreadSetting(
    requested: getenv("MARTLET_NUM_THREADS").map { String(cString: $0) },
    limit: ProcessorLimits.threadCount())

  // MARK: Running

  /// Calls `body` for every task in `0 ..< taskCount`; returns when all are done. `worker` is below
  /// `threadCount` and at any time unique among running calls of one job.
  ///
  /// `body` is let go of before this returns. That it counts as escaping spares a copy on the heap: a
  /// caller that keeps its closure allocates nothing here.
  ///
  /// - Parameter nanoseconds: About what all tasks take on one thread.
  package func run(_ taskCount: Int, nanoseconds: Int = .max, _ body: @escaping Body) {
    guard taskCount > 0 else { return }
    guard threadCount > 1, taskCount > 1, nanoseconds >= ThreadPool.smallestShared,
      isBusy.compareExchange(expected: false, desired: true, ordering: .acquiring).exchanged
    else {
      body(0..<taskCount, 0)
      return
    }
    self.body = body
    completed.store(0, ordering: .relaxed)
    for index in 0..<threadCount {
      shares[index].fill(TaskShare.range(index, of: threadCount, tasks: taskCount))
    }
    job.add(1, ordering: .sequentiallyConsistent)
    if nanoseconds >= ThreadPool.smallestWaking,
      sleepers.load(ordering: .sequentiallyConsistent) > 0
    {
      pthread_mutex_lock(mutex)
      pthread_cond_broadcast(condition)
      pthread_mutex_unlock(mutex)
    }
    runTasks(worker: 0)
    // Who has not finished yet may have lost its processor: leave it this one.
    if !spin(until: { completed.load(ordering: .acquiring) == taskCount }) {
      while completed.load(ordering: .acquiring) < taskCount { sched_yield() }
    }
    self.body = { _, _ in }
    isBusy.store(false, ordering: .releasing)
  }

  /// The worker's own share, then what is left of the others'.
  private func runTasks(worker: Int) {
    while let task = shares[worker].takeFirst() { run(task, worker) }
    for distance in 1..<threadCount {
      let other = (worker + distance) % threadCount
      while let task = shares[other].takeLast() { run(task, worker) }
    }
  }

  private func run(_ task: Int, _ worker: Int) {
    body(task..<(task + 1), worker)
    completed.add(1, ordering: .releasing)
  }

  private func work(_ worker: Int) {
    FloatingPointMode.flushDenormals()
    while !isClosing.load(ordering: .relaxed) {
      let seen = job.load(ordering: .acquiring)
      runTasks(worker: worker)
      if spin(until: { job.load(ordering: .acquiring) != seen }) { continue }
      pthread_mutex_lock(mutex)
      // Announced before the last look, as the caller publishes before it looks for sleepers: one
      // of the two sees the other.
      sleepers.add(1, ordering: .sequentiallyConsistent)
      while job.load(ordering: .sequentiallyConsistent) == seen,
        !isClosing.load(ordering: .sequentiallyConsistent)
      {
        pthread_cond_wait(condition, mutex)
      }
      sleepers.subtract(1, ordering: .sequentiallyConsistent)
      pthread_mutex_unlock(mutex)
    }
  }

  // MARK: Threads

  /// A thread that cannot be made is done without: the others take its tasks.
  private func start(_ worker: Int) {
    _ = DetachedThread.start { self.work(worker) }
  }

  /// Lets the threads end. They hold the pool until then.
  private func close() {
    pthread_mutex_lock(mutex)
    isClosing.store(true, ordering: .sequentiallyConsistent)
    pthread_cond_broadcast(condition)
    pthread_mutex_unlock(mutex)
  }

  deinit {
    // In a child of fork the copied mutex may be in any state; it is only memory then.
    if process == getpid() {
      pthread_cond_destroy(condition)
      pthread_mutex_destroy(mutex)
    }
    mutex.deallocate()
    condition.deallocate()
    shares.deinitialize(count: threadCount)
    shares.deallocate()
  }

  /// Waits on the processor for some tens of microseconds.
  ///
  /// - Returns: Whether the condition came true.
  private func spin(until condition: () -> Bool) -> Bool {
    let start = MonotonicClock.nanoseconds
    repeat {
      // Asking for the time takes as long as a few pauses.
      for _ in 0..<16 {
        if condition() { return true }
        pause()
      }
    } while MonotonicClock.nanoseconds - start < ThreadPool.spinTime
    return false
  }

  private func pause() {
    #if arch(x86_64)
      martlet_x86_pause()
    #endif
  }
}

/// The floating-point unit's treatment of denormals: numbers below 1.2e-38 cost a hundred times the
/// others and mean nothing to a network, so computing threads take them for zero.
package enum FloatingPointMode {
  package static func flushDenormals() {
    #if arch(x86_64)
      martlet_x86_set_floating_point_mode(
        martlet_x86_flushing_denormals(martlet_x86_floating_point_mode()))
    #endif
  }

  /// Runs `body` with denormals flushed and gives the caller's mode back afterwards.
  package static func flushingDenormals<Result, Failure: Error>(
    _ body: () throws(Failure) -> Result
  ) throws(Failure) -> Result {
    #if arch(x86_64)
      let mode = martlet_x86_floating_point_mode()
      martlet_x86_set_floating_point_mode(martlet_x86_flushing_denormals(mode))
      defer { martlet_x86_set_floating_point_mode(mode) }
    #endif
    return try body()
  }
}
